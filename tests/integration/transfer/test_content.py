"""What the server says and sends: no byte is trusted before it is clear where it belongs and of which version it is."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Iterator

import httpx
import pytest

from together_ext import Together
from together_ext.archive.formats.structure import check_structure
from together_ext.errors import IntegrityError, PermissionDeniedError, RemoteChangedError, TransferInterruptedError
from together_ext.simulator import LORA_JOB, Fault, Request
from together_ext.transfer import DownloadProgress, Head, Remote, Target, fetch, transfer

from .lab import LARGE, MIB, SMALL, Lab, RawServer, TickingClock, noise

FIRST = 8 * MIB


def not_the_first(request: Request) -> bool:
    """Requests for bytes after the front."""
    return not request.headers.get("range", "").startswith("bytes=0-")


def conditional(request: Request) -> bool:
    """Requests with `If-Range`."""
    return "if-range" in request.headers


class TestFetch:
    """The public function, with everything of it."""

    def test_a_file_is_downloaded(self, lab: Lab, client: httpx.Client) -> None:
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

    def test_a_client_is_optional(self, lab: Lab) -> None:
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
        with pytest.raises(
            PermissionDeniedError, match=r"could not download http://127.*/finetune/download: "
        ) as raised:
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

    def test_a_stream_that_breaks_starts_from_scratch(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(ignore_range=True, cut=200_000), Fault(ignore_range=True, times=None))
        lab.fetch()
        lab.assert_whole()
        assert lab.clock.waits == [0.5]

    def test_a_stream_that_keeps_breaking_is_an_error_and_leaves_nothing(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(ignore_range=True, cut=200_000, times=None))
        with pytest.raises(TransferInterruptedError):
            lab.fetch(retries=2)
        lab.assert_nothing()

    def test_without_ranges_the_complete_file_is_requested(self, lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(ignore_range=True, skip=1, times=None))
        lab.fetch()
        lab.assert_whole()
        assert "no longer supports byte ranges" in caplog.text

    def test_a_complete_file_is_never_appended(self, lab: Lab) -> None:
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
        with pytest.raises(IntegrityError, match="were requested, and"):
            lab.fetch()
        assert not lab.path.exists()

    def test_a_front_from_elsewhere_is_refused(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(shift=1, times=None))
        with pytest.raises(IntegrityError, match="valid Content-Range"):
            lab.fetch()
        lab.assert_nothing()

    @pytest.mark.parametrize("total", [LARGE + 1, 2 * LARGE])
    def test_a_part_of_a_file_of_another_size_is_of_another_file(self, lab: Lab, total: int) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(total=total, times=None, when=conditional))
        with pytest.raises(RemoteChangedError, match="changed 3 times"):
            lab.fetch()
        lab.assert_nothing()

    def test_a_false_size_of_the_front_is_refused(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(total=SMALL - 1, times=None))
        with pytest.raises(IntegrityError):
            lab.fetch()
        lab.sim.faults.clear()
        lab.sim.script(Fault(total=SMALL + 1))
        lab.fetch()
        lab.assert_whole()

    def test_a_part_whose_length_is_not_that_of_its_range_is_refused(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(headers={"content-length": str(SMALL - 1)}, times=None))
        with pytest.raises(IntegrityError, match=f"{SMALL - 1} bytes claims to contain"):
            lab.fetch()
        lab.assert_nothing()

    def test_parts_shorter_than_requested_are_combined(self, lab: Lab) -> None:
        """RFC 9110, 15.3.7: a server may send less than was requested."""
        content = lab.serve(1000)
        head = 'HTTP/1.1 206 OK\r\nETag: "a"\r\nContent-Range: bytes 0-999/2000\r\nContent-Length: 1000\r\n\r\n'
        # It has but this one answer: what counts is that the rest was asked for, and is not made up.
        with RawServer(head.encode() + content) as server, pytest.raises(IntegrityError, match="bytes 1000-1999 were"):
            lab.fetch(url=server.url, retries=0)
        lab.assert_partial()
        assert b"Range: bytes=1000-1999" in server.requests[-1]

    @pytest.mark.parametrize("size", [SMALL, 10 * MIB])
    def test_a_part_of_unknown_total_size_is_not_taken_for_the_file(self, lab: Lab, size: int) -> None:
        """`Content-Range: bytes 0-8388607/*` is valid, and does not have the total size."""
        lab.serve(size)
        said = f"bytes 0-{min(FIRST, size) - 1}/*"
        lab.sim.script(Fault(headers={"content-range": said}))
        lab.fetch()
        lab.assert_whole()

    def test_an_unrequested_part_is_not_taken_for_the_file(self, lab: Lab) -> None:
        head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-999/*\r\nContent-Length: 1000\r\n\r\n"
        with RawServer(head.encode() + noise(1000)) as server, pytest.raises(IntegrityError, match="were requested"):
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
    def test_range_requests_carry_if_range(self, lab: Lab) -> None:
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
    def test_without_a_strong_validator_nothing_is_kept(self, lab: Lab, fault: Fault) -> None:
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
    def test_a_file_that_changes_during_the_download_is_downloaded_from_scratch(
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
        assert "restarting weights.tar.zst" in caplog.text

    def test_a_file_that_changed_since_the_last_run_is_downloaded_from_scratch(
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
        assert "has changed" in caplog.text

    def test_a_server_that_ignores_if_range_is_detected(self, lab: Lab) -> None:
        """It sends a part of the new file with 206; only its tag differs."""
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

    def test_a_file_that_always_changes_is_an_error(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(*(Fault(headers={"etag": f'"{number}"'}) for number in range(100)))
        with pytest.raises(
            RemoteChangedError, match="changed 3 times during the download; try again when it no longer"
        ):
            lab.fetch()
        lab.assert_nothing()


class TestEncodings:
    @pytest.mark.parametrize("size", [100, SMALL, 10 * MIB])
    def test_a_body_without_a_length_is_downloaded_completely(self, lab: Lab, size: int) -> None:
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

    def test_parts_without_a_length_are_downloaded_completely(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(chunked=True, times=None))
        lab.fetch()
        lab.assert_whole()

    def test_a_body_that_was_compressed_on_its_way_is_decoded(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(gzip=True, ignore_range=True, times=None))
        lab.fetch()
        lab.assert_whole()

    @pytest.mark.parametrize("coding", ["gzip", "zstd", "br", "none", "binary"])
    def test_an_object_stored_with_a_coding_is_not_decoded(self, lab: Lab, coding: str) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(headers={"content-encoding": coding}, times=None))
        lab.fetch()
        lab.assert_whole()

    @pytest.mark.parametrize("etag", ['"w\u00e9ights"', '"\u4e2d"'])
    def test_a_non_ascii_validator_is_accepted(self, lab: Lab, etag: str) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: {etag}\r\n\r\n"
        lab.content = noise(1000)
        with RawServer(head.encode() + lab.content) as server:
            lab.fetch(url=server.url)
        lab.assert_whole()

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
        """Where the content has no structure, a cut would not be detected."""
        body = gzip.compress(noise(1000)) if "gzip" in head else noise(1000)
        with RawServer(head.encode() + body) as server:
            with pytest.raises(IntegrityError, match="neither the length nor the end of the file"):
                lab.fetch(url=server.url)
            assert len(server.requests) == 1
        lab.assert_nothing()

    @pytest.mark.parametrize("head", ["HTTP/1.0 200 OK", "HTTP/1.1 200 OK\r\nConnection: close"])
    def test_such_a_body_is_accepted_if_its_own_structure_is_complete(self, lab: Lab, head: str) -> None:
        lab.content = noise(1000)
        target = Target.exactly(lab.path, structure=check_structure)
        with RawServer(f"{head}\r\n\r\n".encode() + lab.content) as server:
            remote = Remote(lab.client, server.url, headers={}, timeout=10, action="fetch the weights")
            assert transfer(remote, target, {}, lab.options()).verified == "structure"
        lab.assert_whole()

    def test_such_a_body_that_is_cut_is_not(self, lab: Lab) -> None:
        target = Target.exactly(lab.path, structure=check_structure)
        with RawServer(b"HTTP/1.0 200 OK\r\n\r\n" + noise(1000)[:900]) as server:
            remote = Remote(lab.client, server.url, headers={}, timeout=10, action="fetch the weights")
            with pytest.raises(TransferInterruptedError, match="the archive is truncated"):
                transfer(remote, target, {}, lab.options(retries=2))
            assert len(server.requests) == 3
        lab.assert_nothing()

    def test_more_bytes_than_announced_are_refused(self, lab: Lab) -> None:
        lab.content = noise(1000)
        with RawServer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + lab.content + b"HTTP/1.1 404") as server:
            lab.fetch(url=server.url)
        lab.assert_whole()

    def test_fewer_bytes_than_announced_are_not_a_complete_file(self, lab: Lab) -> None:
        """RFC 9112, 6.3: of two lengths that of the chunks counts; the other still tells that something is wrong."""
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nTransfer-Encoding: chunked\r\n\r\n"
        server = RawServer(head + b"384\r\n" + noise(900) + b"\r\n0\r\n\r\n")
        with server, pytest.raises(IntegrityError, match="ended after 900 of 1,000 bytes"):
            lab.fetch(url=server.url)
        assert len(server.requests) == 3
        lab.assert_nothing()

    def test_invalid_http_is_an_error(self, lab: Lab) -> None:
        with RawServer(b"SSH-2.0-OpenSSH_9.6\r\n") as server, pytest.raises(TransferInterruptedError):
            lab.fetch(url=server.url, retries=1)
        lab.assert_nothing()

    @pytest.mark.parametrize("status", [201, 204, 300, 304])
    def test_a_success_without_a_file_is_an_error(self, lab: Lab, status: int) -> None:
        with RawServer(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()) as server:
            with pytest.raises(IntegrityError, match=f"status {status}, which contains no file"):
                lab.fetch(url=server.url)
            assert len(server.requests) == 1
        lab.assert_nothing()


class TestInsteadOfWeights:
    """Through the public method, which knows what weights look like."""

    @pytest.fixture
    def together(self, lab: Lab, client: httpx.Client) -> Iterator[Together]:
        with Together(api_key=lab.sim.api_key, base_url=lab.sim.url, http_client=client) as found:
            yield found

    def test_weights_are_downloaded(self, lab: Lab, together: Together) -> None:
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
    def test_a_page_with_status_200_is_not_an_archive(
        self, lab: Lab, together: Together, body: bytes, media_type: str
    ) -> None:
        lab.sim.script(Fault(status=200, body=body, headers={"content-type": media_type}))
        with pytest.raises(IntegrityError, match="text"):
            together.fine_tuning.download(LORA_JOB, output=lab.path)
        lab.assert_nothing()

    @pytest.mark.parametrize("fault", [Fault(status=200), Fault(status=416, headers={"content-range": "bytes */0"})])
    def test_an_empty_body_is_not_an_archive(self, lab: Lab, together: Together, fault: Fault) -> None:
        lab.sim.script(fault)
        with pytest.raises(IntegrityError, match="empty"):
            together.fine_tuning.download(LORA_JOB, output=lab.path)
        lab.assert_nothing()

    def test_a_page_in_place_of_the_complete_archive_is_refused(
        self, lab: Lab, together: Together, caplog: pytest.LogCaptureFixture
    ) -> None:
        lab.serve(10 * MIB)
        page = Fault(status=200, body=b"<html>" * 100, headers={"content-type": "text/html"}, times=None)
        lab.sim.script(Fault(weak_etag=True), page)
        with pytest.raises(IntegrityError, match="text"), caplog.at_level(logging.ERROR):
            together.fine_tuning.download(LORA_JOB, output=lab.folder)
        lab.assert_nothing()
