"""What the server says and sends: no byte is trusted before it is clear where it belongs and of which version it is."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Iterator

import httpx
import pytest

from together_ext import Together
from together_ext.errors import IntegrityError, PermissionDeniedError, RemoteChangedError, TransferInterruptedError
from together_ext.simulator import LORA_JOB, Fault, Request
from together_ext.transfer import DownloadProgress, Head, fetch

from .lab import LARGE, MIB, SMALL, Lab, RawServer, TickingClock, noise

FIRST = 8 * MIB


def not_the_first(request: Request) -> bool:
    """Requests for what is behind the front."""
    return not request.headers.get("range", "").startswith("bytes=0-")


def conditional(request: Request) -> bool:
    """Requests that say of which version a part is wanted."""
    return "if-range" in request.headers


class TestFetch:
    """The public function, with everything of it."""

    def test_it_fetches_a_file(self, lab: Lab, client: httpx.Client) -> None:
        lab.serve(LARGE)
        seen: list[DownloadProgress] = []
        heads: list[Head] = []
        fetched = fetch(
            lab.url,
            str(lab.path),
            headers=lab.headers,
            client=client,
            connections=2,
            retries=1,
            timeout=5,
            progress=seen.append,
            check=heads.append,
        )
        lab.assert_whole()
        assert fetched.path == lab.path
        assert seen[-1].done == LARGE
        assert [head.media_type for head in heads] == ["application/octet-stream"]
        assert len(heads[0].data) >= 512
        assert lab.content.startswith(heads[0].data)

    def test_it_needs_no_client(self, lab: Lab) -> None:
        lab.serve(SMALL)
        fetch(lab.url, lab.path, headers=lab.headers)
        lab.assert_whole()

    def test_a_file_that_is_refused_by_its_front_leaves_nothing(self, lab: Lab, client: httpx.Client) -> None:
        def check(head: Head) -> None:
            raise IntegrityError(f"no {head.media_type}, please")

        lab.serve(SMALL)
        with pytest.raises(IntegrityError, match="please"):
            fetch(lab.url, lab.path, headers=lab.headers, client=client, check=check)
        lab.assert_nothing()

    def test_errors_name_the_file_and_not_its_secrets(self, lab: Lab, client: httpx.Client) -> None:
        lab.sim.script(Fault(status=403))
        with pytest.raises(PermissionDeniedError, match=r"could not fetch http://127.*/finetune/download: ") as raised:
            fetch(f"{lab.url}&signature=secret", lab.path, headers=lab.headers, client=client)
        assert "secret" not in str(raised.value)


class TestRanges:
    @pytest.mark.parametrize("size", [SMALL, LARGE])
    def test_a_server_without_ranges_sends_one_stream(self, lab: Lab, size: int) -> None:
        lab.serve(size)
        lab.sim.script(Fault(ignore_range=True, times=None))
        lab.fetch()
        lab.assert_whole()
        assert len(lab.sim.requests) == 1
        assert lab.sim.bytes_sent == size

    def test_a_stream_that_breaks_begins_anew(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(ignore_range=True, cut=200_000), Fault(ignore_range=True, times=None))
        lab.fetch()
        lab.assert_whole()
        assert lab.clock.waits == [0.5]

    def test_a_stream_that_keeps_breaking_is_given_up_and_leaves_nothing(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(ignore_range=True, cut=200_000, times=None))
        with pytest.raises(TransferInterruptedError):
            lab.fetch(retries=2)
        lab.assert_nothing()

    def test_a_server_that_stops_to_send_parts_is_asked_for_the_whole(
        self, lab: Lab, caplog: pytest.LogCaptureFixture
    ) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(ignore_range=True, skip=1, times=None))
        lab.fetch()
        lab.assert_whole()
        assert "does not send parts any more" in caplog.text

    def test_a_whole_file_is_never_appended_to_what_is_there(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(cut=5 * MIB, times=None))
        with pytest.raises(TransferInterruptedError):
            lab.fetch(retries=0)
        lab.sim.faults.clear()
        lab.sim.script(Fault(ignore_range=True, times=None))
        lab.fetch()
        lab.assert_whole()

    @pytest.mark.parametrize("shift", [-MIB, -1])
    def test_a_part_from_elsewhere_is_refused(self, lab: Lab, shift: int) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(shift=shift, times=None, when=not_the_first))
        with pytest.raises(IntegrityError, match="were asked for, and"):
            lab.fetch()
        assert not lab.path.exists()

    def test_a_front_from_elsewhere_is_refused(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(shift=1))
        with pytest.raises(IntegrityError, match="usable Content-Range"):
            lab.fetch()
        lab.assert_nothing()

    @pytest.mark.parametrize("total", [LARGE + 1, 2 * LARGE])
    def test_a_part_of_a_file_of_another_size_is_of_another_file(self, lab: Lab, total: int) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(total=total, times=None, when=conditional))
        with pytest.raises(RemoteChangedError, match="changed 3 times"):
            lab.fetch()
        lab.assert_nothing()

    def test_a_lie_about_the_size_at_the_front_does_not_pass(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(total=SMALL - 1))
        with pytest.raises(IntegrityError):
            lab.fetch()
        lab.sim.script(Fault(total=SMALL + 1))
        lab.fetch()
        lab.assert_whole()

    def test_a_part_whose_length_is_not_that_of_its_range_is_refused(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(headers={"content-length": str(SMALL - 1)}))
        with pytest.raises(IntegrityError, match=f"{SMALL - 1} bytes claims to hold"):
            lab.fetch()
        lab.assert_nothing()

    def test_parts_shorter_than_asked_for_are_put_together(self, lab: Lab) -> None:
        """RFC 9110, 15.3.7: a server may send less than it was asked for."""
        content = lab.serve(1000)
        head = 'HTTP/1.1 206 OK\r\nETag: "a"\r\nContent-Range: bytes 0-999/2000\r\nContent-Length: 1000\r\n\r\n'
        # It has but this one answer: what counts is that the rest was asked for, and is not made up.
        with RawServer(head.encode() + content) as server, pytest.raises(IntegrityError, match="bytes 1000-1999 were"):
            lab.fetch(url=server.url, retries=0)
        lab.assert_partial()
        assert b"Range: bytes=1000-1999" in server.requests[-1]

    @pytest.mark.parametrize("size", [SMALL, 10 * MIB])
    def test_a_part_of_who_knows_how_much_is_not_taken_for_the_whole(self, lab: Lab, size: int) -> None:
        """`Content-Range: bytes 0-8388607/*` is valid, and says nothing of the end."""
        lab.serve(size)
        said = f"bytes 0-{min(FIRST, size) - 1}/*"
        lab.sim.script(Fault(headers={"content-range": said}))
        lab.fetch()
        lab.assert_whole()

    def test_a_part_that_nobody_asked_for_is_not_taken_for_the_whole(self, lab: Lab) -> None:
        head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-999/*\r\nContent-Length: 1000\r\n\r\n"
        with (
            RawServer(head.encode() + noise(1000)) as server,
            pytest.raises((IntegrityError, TransferInterruptedError)),
        ):
            lab.fetch(url=server.url)
        lab.assert_nothing()

    def test_a_416_for_the_front_is_an_error(self, lab: Lab) -> None:
        lab.sim.script(Fault(status=416, headers={"content-range": "bytes */1000"}))
        with pytest.raises(IntegrityError, match=r"could not fetch the weights: .*416"):
            lab.fetch()
        lab.assert_nothing()

    def test_a_416_for_the_rear_means_another_file(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(status=416, when=not_the_first))
        lab.fetch()
        lab.assert_whole()


class TestValidators:
    def test_parts_are_asked_for_on_condition_of_the_version(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.fetch()
        later = [request.headers.get("if-range") for request in lab.sim.requests[1:]]
        assert set(later) == {lab.sim.archive(LORA_JOB).etag}

    @pytest.mark.parametrize("size", [SMALL, 10 * MIB])
    @pytest.mark.parametrize("fault", [Fault(weak_etag=True, times=None), Fault(no_validator=True, times=None)])
    def test_without_a_strong_validator_it_is_one_stream(self, lab: Lab, fault: Fault, size: int) -> None:
        """RFC 9110, 13.1.5: a weak validator must not stand in `If-Range`."""
        lab.serve(size)
        lab.sim.script(fault)
        lab.fetch()
        lab.assert_whole()
        assert not any("if-range" in request.headers for request in lab.sim.requests)
        assert lab.clock.waits == []

    @pytest.mark.parametrize("fault", [Fault(weak_etag=True, times=None), Fault(no_validator=True, times=None)])
    def test_without_one_nothing_is_kept_to_go_on_from(self, lab: Lab, fault: Fault) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(weak_etag=True, cut=100_000))
        lab.sim.script(fault)
        with pytest.raises(TransferInterruptedError):
            lab.fetch(retries=0)
        lab.assert_nothing()

    def test_an_old_date_is_as_good_as_a_tag(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(headers={"etag": None}, times=None))
        lab.fetch()
        lab.assert_whole()
        assert all(request.headers.get("if-range", "").endswith("GMT") for request in lab.sim.requests[1:])
        assert len(lab.sim.requests) > 1


class TestChange:
    """Bytes of two versions are never mixed: the outcome is wholly old or wholly new."""

    @pytest.mark.parametrize("size", [LARGE, LARGE + 100])
    def test_a_file_that_changes_in_the_middle_is_fetched_anew(
        self, lab: Lab, size: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        old = lab.serve(LARGE, "old")
        lab.sim.script(Fault(stall=MIB, cut=MIB, times=4))

        def progress(seen: DownloadProgress) -> None:
            if lab.content is old and seen.done == 4 * MIB:
                lab.serve(size, "new")
                lab.sim.release()

        lab.fetch(progress=progress, clock=TickingClock())
        lab.assert_whole()
        assert lab.content is not old
        assert "starting weights.tar.zst anew" in caplog.text

    def test_a_file_that_changed_since_the_last_run_is_fetched_anew(
        self, lab: Lab, caplog: pytest.LogCaptureFixture
    ) -> None:
        lab.serve(LARGE, "old")
        lab.sim.script(Fault(cut=5 * MIB, times=None))
        with pytest.raises(TransferInterruptedError):
            lab.fetch(retries=0)
        lab.sim.faults.clear()
        lab.serve(LARGE, "new")
        assert lab.fetch().resumed_from == 0
        lab.assert_whole()
        assert "has changed since" in caplog.text

    def test_a_server_that_ignores_the_condition_is_found_out(self, lab: Lab) -> None:
        """It sends a part of the new file with 206; only its tag tells."""
        lab.serve(LARGE, "old")
        old = lab.sim.archive(LORA_JOB)
        lab.sim.script(Fault(cut=5 * MIB, times=None))
        with pytest.raises(TransferInterruptedError):
            lab.fetch(retries=0)
        lab.sim.faults.clear()
        lab.serve(LARGE, "new")
        # The first answer still shows the old tag, as a cache in between may; the parts are new.
        lab.sim.script(Fault(headers={"etag": old.etag}, when=lambda request: not conditional(request)))
        lab.fetch()
        lab.assert_whole()

    @pytest.mark.parametrize("etag", ['"other"', None])
    def test_a_whole_file_instead_of_a_part_means_that_the_condition_failed(self, lab: Lab, etag: str | None) -> None:
        lab.serve(LARGE)
        lab.sim.script(
            Fault(ignore_range=True, headers={"etag": etag, "last-modified": None}, when=not_the_first, times=2)
        )
        lab.fetch()
        lab.assert_whole()

    def test_a_file_that_changes_all_the_time_is_given_up(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(*(Fault(headers={"etag": f'"{number}"'}) for number in range(100)))
        with pytest.raises(
            RemoteChangedError, match="changed 3 times while it was fetched; try again when it has come to"
        ):
            lab.fetch()
        lab.assert_nothing()


class TestEncodings:
    @pytest.mark.parametrize("size", [100, SMALL, 10 * MIB])
    def test_a_body_without_a_length_comes_whole(self, lab: Lab, size: int) -> None:
        lab.serve(size)
        lab.sim.script(Fault(chunked=True, ignore_range=True, times=None))
        lab.fetch()
        lab.assert_whole()

    def test_a_cut_body_without_a_length_is_noticed(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(chunked=True, ignore_range=True, cut=200_000), Fault(chunked=True, ignore_range=True))
        lab.fetch()
        lab.assert_whole()
        assert lab.clock.waits == [0.5]

    def test_parts_without_a_length_come_whole(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(chunked=True, times=None))
        lab.fetch()
        lab.assert_whole()

    def test_a_body_that_was_compressed_on_its_way_is_decoded(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(gzip=True, ignore_range=True, times=None))
        lab.fetch()
        lab.assert_whole()

    def test_a_part_of_a_compressed_form_is_refused(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(gzip=True))
        with pytest.raises(IntegrityError, match="compressed"):
            lab.fetch()
        lab.assert_nothing()

    def test_a_cut_compressed_body_is_noticed(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(gzip=True, ignore_range=True, cut=200_000), Fault(ignore_range=True, times=None))
        lab.fetch()
        lab.assert_whole()

    def test_a_compressed_body_that_cannot_be_read_is_refused(self, lab: Lab) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1000\r\n\r\n"
        with RawServer(head + noise(1000)) as server, pytest.raises(IntegrityError, match="cannot be read"):
            lab.fetch(url=server.url)
        lab.assert_nothing()

    @pytest.mark.parametrize(
        "head",
        [
            "HTTP/1.0 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: gzip\r\n\r\n",
        ],
    )
    def test_a_body_that_ends_when_the_connection_does_is_refused(self, lab: Lab, head: str) -> None:
        """Nobody could tell a cut from the end."""
        body = gzip.compress(noise(1000)) if "gzip" in head else noise(1000)
        with RawServer(head.encode() + body) as server:
            with pytest.raises(IntegrityError, match="neither how long the file is nor where it ends"):
                lab.fetch(url=server.url)
            assert len(server.requests) == 1
        lab.assert_nothing()

    def test_more_bytes_than_announced_are_not_taken(self, lab: Lab) -> None:
        lab.content = noise(1000)
        with RawServer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + lab.content + b"HTTP/1.1 404") as server:
            lab.fetch(url=server.url)
        lab.assert_whole()

    def test_fewer_bytes_than_announced_are_not_taken_for_all(self, lab: Lab) -> None:
        """RFC 9112, 6.3: of two lengths that of the chunks counts; the other still tells that something is wrong."""
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nTransfer-Encoding: chunked\r\n\r\n"
        server = RawServer(head + b"384\r\n" + noise(900) + b"\r\n0\r\n\r\n")
        with server, pytest.raises(TransferInterruptedError, match="ended after 900 of 1,000 bytes"):
            lab.fetch(url=server.url)
        lab.assert_nothing()

    def test_something_that_is_no_http_is_an_error(self, lab: Lab) -> None:
        with RawServer(b"SSH-2.0-OpenSSH_9.6\r\n") as server, pytest.raises(TransferInterruptedError):
            lab.fetch(url=server.url, retries=1)
        lab.assert_nothing()

    @pytest.mark.parametrize("status", [201, 204, 300, 304])
    def test_a_success_without_a_file_is_an_error(self, lab: Lab, status: int) -> None:
        with RawServer(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()) as server:
            with pytest.raises(IntegrityError, match=f"answered {status} without a file"):
                lab.fetch(url=server.url)
            assert len(server.requests) == 1
        lab.assert_nothing()


class TestInsteadOfWeights:
    """Through the public method, which knows what weights look like."""

    @pytest.fixture
    def together(self, lab: Lab, client: httpx.Client) -> Iterator[Together]:
        with Together(api_key=lab.sim.api_key, base_url=lab.sim.url, http_client=client) as found:
            yield found

    def test_weights_are_fetched(self, lab: Lab, together: Together) -> None:
        lab.serve(LARGE)
        result = together.fine_tuning.download(LORA_JOB, output=lab.path)
        lab.assert_whole()
        assert (result.filename, result.size) == (str(lab.path), LARGE)

    @pytest.mark.parametrize(
        ("body", "media_type"),
        [
            (b"<!doctype html><title>Log in</title>", "text/html; charset=utf-8"),
            (b"<html>", "application/octet-stream"),
            (b'{"error": "no"}', "application/json"),
            (b"not now", "text/plain"),
        ],
    )
    def test_a_page_with_status_200_is_no_archive(
        self, lab: Lab, together: Together, body: bytes, media_type: str
    ) -> None:
        lab.sim.script(Fault(status=200, body=body, headers={"content-type": media_type}))
        with pytest.raises(IntegrityError, match="text"):
            together.fine_tuning.download(LORA_JOB, output=lab.path)
        lab.assert_nothing()

    @pytest.mark.parametrize("fault", [Fault(status=200), Fault(status=416, headers={"content-range": "bytes */0"})])
    def test_an_empty_body_is_no_archive(self, lab: Lab, together: Together, fault: Fault) -> None:
        lab.sim.script(fault)
        with pytest.raises(IntegrityError, match="empty"):
            together.fine_tuning.download(LORA_JOB, output=lab.path)
        lab.assert_nothing()

    def test_an_archive_that_turns_into_a_page_when_it_is_asked_for_whole_is_refused(
        self, lab: Lab, together: Together, caplog: pytest.LogCaptureFixture
    ) -> None:
        lab.serve(10 * MIB)
        page = Fault(status=200, body=b"<html>" * 100, headers={"content-type": "text/html"}, times=None)
        lab.sim.script(Fault(weak_etag=True), page)
        with pytest.raises(IntegrityError, match="text"), caplog.at_level(logging.ERROR):
            together.fine_tuning.download(LORA_JOB, output=lab.folder)
        lab.assert_nothing()
