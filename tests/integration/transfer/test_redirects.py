"""Redirects: the way to the storage host, and what must not travel along."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from together_ext import Together
from together_ext.errors import IntegrityError, PermissionDeniedError, TransferError, TransferInterruptedError
from together_ext.simulator import LORA_JOB, STORAGE_PATH, Fault
from together_ext.transfer import Options, Remote, Target, transfer

from .lab import LARGE, MIB, SMALL, Lab


@pytest.fixture(autouse=True)
def _redirected(lab: Lab) -> None:
    """Every download leads to the storage host here."""
    lab.sim.redirect_downloads = True


class TestStorageHost:
    @pytest.mark.parametrize("size", [SMALL, LARGE])
    def test_the_file_is_downloaded_from_the_redirect_target(self, lab: Lab, size: int) -> None:
        lab.serve(size)
        lab.fetch()
        lab.assert_whole()

    def test_the_address_is_resolved_once(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.fetch()
        assert len(lab.sim.requests) == 1
        assert len(lab.sim.storage_requests) >= 4
        assert len({request.target for request in lab.sim.storage_requests}) == 1

    def test_the_key_is_never_sent_to_the_redirect_target(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.client.headers["X-Api-Key"] = "secret"
        lab.client.cookies.set("session", "secret")
        lab.sim.storage.max_bytes = 9 * MIB
        lab.fetch()
        lab.assert_whole()
        for request in lab.sim.storage_requests:
            assert not {"authorization", "x-api-key", "cookie"} & set(request.headers)
            assert lab.sim.api_key not in str(request)
            assert "secret" not in str(request)

    def test_the_key_of_the_client_is_never_sent_there_either(self, lab: Lab, client: httpx.Client) -> None:
        lab.serve(LARGE)
        with Together(api_key=lab.sim.api_key, base_url=lab.sim.url, http_client=client) as together:
            together.fine_tuning.download(LORA_JOB, output=lab.path)
        lab.assert_whole()
        assert lab.sim.storage_requests
        assert not any(lab.sim.api_key in str(request) for request in lab.sim.storage_requests)

    @pytest.mark.parametrize("megabytes", [3, 9, 20])
    def test_an_address_that_expires_after_some_bytes_is_resolved_again(self, lab: Lab, megabytes: int) -> None:
        lab.serve(LARGE)
        lab.sim.storage.max_bytes = megabytes * MIB
        lab.sim.script(Fault(cut=2 * MIB, times=None))
        lab.fetch()
        lab.assert_whole()
        assert len(lab.sim.requests) > 1

    @pytest.mark.parametrize("connections", [1, 4])
    @pytest.mark.parametrize("uses", [1, 2, 3])
    def test_an_address_that_expires_after_some_requests_is_resolved_again(
        self, lab: Lab, uses: int, connections: int
    ) -> None:
        lab.serve(LARGE)
        lab.sim.storage.max_uses = uses
        lab.sim.script(Fault(cut=5 * MIB, times=None))
        lab.fetch(connections=connections)
        lab.assert_whole()
        assert len(lab.sim.requests) > 1

    @pytest.mark.parametrize("status", [401, 403, 404, 410])
    def test_every_response_for_an_expired_address_is_recognized(self, lab: Lab, status: int) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(path=STORAGE_PATH, status=status, skip=1))
        lab.fetch()
        lab.assert_whole()
        assert len(lab.sim.requests) == 2

    def test_an_address_that_has_expired_between_two_runs_does_not_matter(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(cut=5 * MIB, times=None))
        with pytest.raises(TransferInterruptedError):
            lab.fetch(retries=0)
        lab.sim.faults.clear()
        lab.sim.storage.expire()
        assert lab.fetch().resumed_from > 0
        lab.assert_whole()

    def test_a_refusal_of_a_fresh_address_is_final(self, lab: Lab) -> None:
        lab.serve(SMALL)
        refusal = Fault(path=STORAGE_PATH, status=403, body=b"<Error><Code>AccessDenied</Code></Error>", times=None)
        lab.sim.script(refusal)
        with pytest.raises(
            PermissionDeniedError, match="could not fetch the weights: the server returned 403 Forbidden"
        ):
            lab.fetch()
        lab.assert_nothing()
        assert len(lab.sim.storage_requests) == 1

    def test_a_refusal_in_the_middle_is_final_if_a_fresh_address_is_refused_too(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(path=STORAGE_PATH, status=403, skip=1, times=None))
        with pytest.raises(PermissionDeniedError):
            lab.fetch()
        lab.assert_partial()

    def test_network_errors_at_the_redirect_target_are_retried(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(
            Fault(path=STORAGE_PATH, status=503, headers={"retry-after": "3"}),
            Fault(path=STORAGE_PATH, cut=MIB),
            Fault(path=STORAGE_PATH, drop=True),
        )
        lab.fetch()
        lab.assert_whole()
        assert 3.0 in lab.clock.waits

    def test_errors_do_not_show_the_signature(self, lab: Lab) -> None:
        lab.serve(SMALL)
        location = f"{lab.sim.url}/finetune/download?signature=secret"
        lab.sim.script(Fault(location=location, times=None))
        with pytest.raises(IntegrityError) as raised:
            lab.fetch()
        assert "secret" not in str(raised.value)


class TestRedirectsThatAreNotFollowed:
    def test_a_loop_ends(self, lab: Lab) -> None:
        lab.sim.script(Fault(location=lab.url, times=None))
        with pytest.raises(IntegrityError, match="more than 10 redirects, the last to"):
            lab.fetch()
        lab.assert_nothing()
        assert len(lab.sim.requests) == 10

    @pytest.mark.parametrize("location", ["ftp://host/file", "file:///etc/passwd", "javascript:alert(1)"])
    def test_only_http_addresses_are_followed(self, lab: Lab, location: str) -> None:
        lab.sim.script(Fault(location=location))
        with pytest.raises(IntegrityError, match="could not fetch the weights: the server redirects to"):
            lab.fetch()
        lab.assert_nothing()

    @pytest.mark.parametrize("location", ["http://[::1", "http://host:port/", "http://xn--/", "http://a\x7f/"])
    def test_an_invalid_address_is_an_error(self, lab: Lab, location: str) -> None:
        lab.sim.script(Fault(location=location))
        with pytest.raises(IntegrityError, match="redirects to an invalid address"):
            lab.fetch()
        lab.assert_nothing()
        assert len(lab.sim.requests) == 1

    def test_a_relative_one_is_followed_with_the_key(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.redirect_downloads = False
        lab.sim.script(Fault(location=f"/finetune/download?ft_id={LORA_JOB}&checkpoint=merged"))
        lab.fetch()
        lab.assert_whole()


class TestWithoutSockets:
    """Hosts and schemes that no test server has, through a transport of httpx's own."""

    def fetch(self, folder: Path, answer: Callable[[httpx.Request], httpx.Response], url: str) -> list[httpx.Request]:
        seen: list[httpx.Request] = []

        def handle(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return answer(request)

        with httpx.Client(transport=httpx.MockTransport(handle)) as client:
            remote = Remote(client, url, headers={"Authorization": "Bearer key"}, timeout=1, action="fetch it")
            transfer(remote, Target.exactly(folder / "file"), {}, Options(retries=0))
        return seen

    def test_a_redirect_from_https_to_http_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(IntegrityError, match=r"redirects to storage\.example without encryption"):
            self.fetch(
                tmp_path,
                lambda _: httpx.Response(302, headers={"location": "http://storage.example/file"}),
                "https://api.example/file",
            )

    @pytest.mark.parametrize(
        ("location", "own"),
        [
            ("https://api.example/other", True),
            ("https://api.example:443/other", True),
            ("https://API.example/other", True),
            ("https://api.example:8443/other", False),
            ("https://api.example.evil.example/other", False),
            ("https://user:password@storage.example/other", False),
            ("//storage.example/other", False),
        ],
    )
    def test_the_key_goes_to_its_own_origin_only(self, tmp_path: Path, location: str, *, own: bool) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path == "/file":
                return httpx.Response(302, headers={"location": location})
            return httpx.Response(200, headers={"content-length": "4"}, stream=httpx.ByteStream(b"1234"))

        first, second = self.fetch(tmp_path, answer, "https://api.example/file")
        assert first.headers["authorization"] == "Bearer key"
        assert second.headers.get("authorization") == ("Bearer key" if own else None)
        assert (tmp_path / "file").read_bytes() == b"1234"

    def test_the_clients_own_credentials_stay_with_the_origin(self, tmp_path: Path) -> None:
        seen: list[httpx.Request] = []

        def handle(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            if request.url.host == "api.example":
                return httpx.Response(302, headers={"location": "https://storage.example/", "set-cookie": "a=secret"})
            return httpx.Response(200, headers={"content-length": "4"}, stream=httpx.ByteStream(b"1234"))

        with httpx.Client(transport=httpx.MockTransport(handle), auth=("user", "secret")) as client:
            remote = Remote(client, "https://api.example/file", headers={}, timeout=1, action="fetch it")
            transfer(remote, Target.exactly(tmp_path / "file"), {}, Options(retries=0))
        first, second = seen
        assert first.headers["authorization"].startswith("Basic ")
        assert not {"authorization", "cookie"} & set(second.headers)

    def test_an_address_of_another_scheme_is_an_error(self, tmp_path: Path) -> None:
        with httpx.Client(verify=False) as client:  # noqa: S501
            remote = Remote(client, "ftp://host.example/file", headers={}, timeout=1, action="fetch it")
            with pytest.raises(TransferError, match="is not an http or https address"):
                transfer(remote, Target.exactly(tmp_path / "file"), {}, Options())
