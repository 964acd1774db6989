"""The tree of commands."""

from typing import Final

import typer

from together_ext import __version__

from . import spellings
from .group import NORMALIZED, Entry, Group, example, group, require_command
from .render.screen import print_lines

PROGRAM: Final = "together-ext"

COMMANDS: Final[tuple[Entry, ...]] = (
    ("chat", "serving:chat", 'together-ext chat MODEL "Hello!"'),
    ("whoami", "models:whoami", "together-ext whoami"),
    ("simulator", "simulator:simulator", "together-ext simulator --port 8080"),
    ("extract", "archives:extract", "together-ext extract models/model.tar.zst"),
    ("verify", "archives:verify", "together-ext verify models/model"),
    ("inspect", "archives:inspect", "together-ext inspect models/model"),
    ("doctor", "doctor:doctor", "together-ext doctor ft-... -o models"),
    ("ls", "retention:list_extracted", "together-ext ls models"),
    ("prune", "retention:prune", "together-ext prune models --keep best,last"),
)


class Program(Group):
    """The program."""

    entries = COMMANDS
    spellings = spellings.ROOT


app = typer.Typer(
    name=PROGRAM,
    cls=Program,
    context_settings=NORMALIZED,
    invoke_without_command=True,
    # Rich doubles the time of `--help`, and its tracebacks show the key among the local variables.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=example("together-ext ft download ft-... -o models"),
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 -- a callback of Typer
    if wanted:
        print_lines([f"{PROGRAM} {__version__}"])
        raise typer.Exit


@app.callback()
def together_ext(
    context: typer.Context,
    *,
    _version: bool = typer.Option(
        False,  # noqa: FBT003 -- the default, as Typer takes it
        "--version",
        is_eager=True,
        callback=_print_version,
        help="Print the version.",
    ),
) -> None:
    """Download fine-tuned weights from Together AI.

    The API key is read from TOGETHER_API_KEY.
    """
    require_command(context)


fine_tuning = group(
    "Manage jobs, and download their weights (short: ft).",
    "together-ext ft list",
    ("list", "fine_tuning:list_jobs", "together-ext ft list --status completed --limit 5"),
    ("retrieve", "fine_tuning:retrieve", "together-ext ft retrieve ft-..."),
    ("status", "fine_tuning:status", 'test "$(together-ext ft status ft-...)" = completed'),
    ("wait", "wait:wait", "together-ext ft wait ft-... --timeout 6h"),
    ("list-checkpoints", "fine_tuning:list_checkpoints", "together-ext ft list-checkpoints ft-..."),
    ("metrics", "metrics:metrics", "together-ext ft metrics ft-... --plot loss.png"),
    ("list-events", "fine_tuning:list_events", "together-ext ft list-events ft-... --follow"),
    ("download", "download:download", "together-ext ft download ft-...:500 -c adapter"),
    ("create", "create:create", "together-ext ft create -t file-... -M MODEL"),
    ("price", "price:price", "together-ext ft price -t file-... -M MODEL"),
    ("preview", "datasets:preview", "together-ext ft preview -t file-... -M MODEL"),
    (
        "download-tokenized-dataset",
        "datasets:download_tokenized_dataset",
        "together-ext ft download-tokenized-dataset ft-... -o datasets",
    ),
    ("limits", "price:limits", "together-ext ft limits NAME"),
    ("models", "price:models", "together-ext ft models llama"),
    ("cancel", "fine_tuning:cancel", "together-ext ft cancel ft-..."),
    ("delete", "fine_tuning:delete", "together-ext ft delete ft-..."),
    spellings=spellings.FINE_TUNING,
)
app.add_typer(fine_tuning, name="fine-tuning")
app.add_typer(fine_tuning, name="ft", hidden=True)
app.add_typer(
    group(
        "Manage training and validation files.",
        "together-ext files upload train.jsonl",
        ("upload", "files:upload", "together-ext files upload train.jsonl"),
        ("list", "files:list_files", "together-ext files list"),
        ("retrieve", "files:retrieve_file", "together-ext files retrieve file-..."),
        ("content", "files:content", "together-ext files content file-... > train.jsonl"),
        ("download", "files:download", "together-ext files download file-... --output datasets/"),
        ("check", "files:check", "together-ext files check train.jsonl"),
        ("delete", "files:delete_file", "together-ext files delete file-..."),
        spellings=spellings.FILES,
    ),
    name="files",
)
app.add_typer(
    group(
        "Show and download models in the registry.",
        "together-ext models download ml_... -o models",
        ("list", "models:list_models", "together-ext models list"),
        ("retrieve", "models:retrieve_model", "together-ext models retrieve ml_..."),
        ("files", "models:list_files", "together-ext models files ml_... --revision rv_..."),
        ("download", "models:download", "together-ext models download ml_... -o models --include '*.safetensors'"),
        ("revisions", "models:list_revisions", "together-ext models revisions ml_..."),
        spellings=spellings.MODELS,
    ),
    name="models",
)
app.add_typer(
    group(
        "Manage dedicated endpoints (deprecated by the end of 2026).",
        "together-ext endpoints list",
        ("create", "serving:create_endpoint", "together-ext endpoints create --model M --hardware H"),
        ("list", "serving:list_endpoints", "together-ext endpoints list --mine"),
        ("retrieve", "serving:retrieve_endpoint", "together-ext endpoints retrieve endpoint-..."),
        ("start", "serving:start_endpoint", "together-ext endpoints start endpoint-..."),
        ("stop", "serving:stop_endpoint", "together-ext endpoints stop endpoint-..."),
        ("delete", "serving:delete_endpoint", "together-ext endpoints delete endpoint-..."),
        ("hardware", "serving:list_hardware", "together-ext endpoints hardware --model MODEL"),
        spellings=spellings.ENDPOINTS,
    ),
    name="endpoints",
)

Program.below = {
    found.name: [name for name, _, _ in getattr(found.typer_instance.info.cls, "entries", ())]
    for found in app.registered_groups
    if found.name is not None and found.typer_instance is not None and not found.hidden
}
