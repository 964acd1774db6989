"""Faults on request, and slow transfers."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from together_ext.simulator import (
    DPO_JOB,
    LORA_JOB,
    BytesArchive,
    Fault,
    Simulator,
)
from together_ext.simulator.jobs import FLOW

from .asking import ADAPTER, MERGED, SMALL, collect


class TestFaults:
    """What tests can make go wrong."""

    def test_a_fault_can_replace_the_response(self, sim: Simulator, http: httpx.Client) -> None:
        """Any status, headers and body; then all is well again."""
        sim.script(
            Fault(status=429, headers={"retry-after": "7"}),
            Fault(status=200, body=b"<html>", headers={"content-type": "text/html"}),
            Fault(status=503, times=2),
        )
        answers = [http.get("/finetune/download", params=MERGED) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [429, 200, 503, 503, 200]
        assert answers[0].headers["retry-after"] == "7"
        assert (answers[1].headers["content-type"], answers[1].content) == ("text/html", b"<html>")
        assert answers[4].content == SMALL
        assert all("x-request-id" in answer.headers for answer in answers)

    def test_a_fault_can_replace_the_response_of_another_path(self, sim: Simulator, http: httpx.Client) -> None:
        """A path of one's own, for ever or until it is cleared."""
        sim.script(Fault(status=500, path=f"/fine-tunes/{LORA_JOB}", times=None))
        assert [http.get(f"/fine-tunes/{LORA_JOB}").status_code for _ in range(3)] == [500] * 3
        assert http.get("/fine-tunes").status_code == 200
        sim.faults.clear()
        assert http.get(f"/fine-tunes/{LORA_JOB}").status_code == 200

    def test_a_redirect_elsewhere(self, sim: Simulator, http: httpx.Client) -> None:
        """To any URL."""
        sim.script(Fault(location="http://127.0.0.1:9/elsewhere"))
        answer = http.get("/finetune/download", params=MERGED)
        assert (answer.status_code, answer.headers["location"]) == (302, "http://127.0.0.1:9/elsewhere")

    def test_a_fault_can_close_the_connection_without_a_response(self, sim: Simulator, http: httpx.Client) -> None:
        """The connection is reset before the status line."""
        sim.script(Fault(drop=True))
        with pytest.raises(httpx.ReadError):
            http.get("/finetune/download", params=MERGED)
        assert http.get("/finetune/download", params=MERGED).status_code == 200

    @pytest.mark.parametrize("cut", [0, 1, 40, 99])
    def test_a_body_that_ends_early(self, sim: Simulator, http: httpx.Client, cut: int) -> None:
        """All was declared; so much comes, and an orderly end."""
        sim.script(Fault(cut=cut))
        got = bytearray()
        with http.stream("GET", "/finetune/download", params=MERGED) as answer:
            assert answer.headers["content-length"] == "100"
            with pytest.raises(httpx.RemoteProtocolError):
                collect(answer, got)
        assert got == SMALL[:cut]
        assert sim.requests[-1].sent == cut

    def test_a_cut_counts_within_the_range(self, sim: Simulator, http: httpx.Client) -> None:
        """Body bytes, not offsets in the archive."""
        sim.script(Fault(cut=5))
        got = bytearray()
        with (
            http.stream("GET", "/finetune/download", params=MERGED, headers={"Range": "bytes=50-"}) as answer,
            pytest.raises(httpx.RemoteProtocolError),
        ):
            collect(answer, got)
        assert got == SMALL[50:55]

    def test_a_reset_in_the_middle(self, sim: Simulator, http: httpx.Client) -> None:
        """An RST, which is another error than an early end."""
        sim.script(Fault(reset=40))
        with (
            http.stream("GET", "/finetune/download", params=MERGED) as answer,
            pytest.raises(httpx.ReadError, match="reset"),
        ):
            answer.read()
        assert sim.requests[-1].sent == 40

    @pytest.mark.parametrize("stall", [0, 40, 100])
    def test_a_silence_that_ends(self, sim: Simulator, http: httpx.Client, stall: int) -> None:
        """The connection stays open; the rest comes when it is released."""
        sim.script(Fault(stall=stall))
        with http.stream("GET", "/finetune/download", params=MERGED) as answer:
            sim.wait_until(lambda it: it.stalled == 1)
            assert sim.requests[-1].sent == stall
            assert not sim.requests[-1].finished
            sim.release()
            assert answer.read() == SMALL
        sim.wait_until(lambda it: it.stalled == 0 and it.requests[-1].finished)

    def test_a_silence_before_the_response(self, sim: Simulator, http: httpx.Client) -> None:
        """Not even the status line."""
        sim.script(Fault(hold=True))
        with pytest.raises(httpx.ReadTimeout):
            http.get("/finetune/download", params=MERGED, timeout=httpx.Timeout(5, read=0.05))
        sim.wait_until(lambda it: it.requests[-1].finished)  # The client has gone, and the server has noticed.
        assert sim.requests[-1].status is None

    def test_a_range_ignored(self, sim: Simulator, http: httpx.Client) -> None:
        """200 with everything."""
        sim.script(Fault(ignore_range=True))
        answer = http.get("/finetune/download", params=MERGED, headers={"Range": "bytes=5-9"})
        assert (answer.status_code, answer.content) == (200, SMALL)
        assert "accept-ranges" not in answer.headers

    @pytest.mark.parametrize(
        ("fault", "told"),
        [
            (Fault(shift=3), "bytes 8-12/100"),
            (Fault(total=99), "bytes 5-9/99"),
            (Fault(headers={"content-range": "bytes 5-9/*"}), "bytes 5-9/*"),
            (Fault(headers={"content-range": None}), None),
        ],
    )
    def test_a_content_range_that_lies(
        self, sim: Simulator, http: httpx.Client, fault: Fault, told: str | None
    ) -> None:
        """About the place, about the size, or not there."""
        sim.script(fault)
        answer = http.get("/finetune/download", params=MERGED, headers={"Range": "bytes=5-9"})
        assert answer.headers.get("content-range") == told
        assert answer.content == SMALL[5:10]

    def test_a_weak_validator(self, sim: Simulator, http: httpx.Client) -> None:
        """It cannot be a condition."""
        sim.script(Fault(weak_etag=True, times=None))
        etag = http.get("/finetune/download", params=MERGED).headers["etag"]
        assert etag.startswith('W/"')
        headers = {"Range": "bytes=0-1", "If-Range": etag}
        assert http.get("/finetune/download", params=MERGED, headers=headers).status_code == 200

    def test_no_validator(self, sim: Simulator, http: httpx.Client) -> None:
        """Neither of the two."""
        sim.script(Fault(no_validator=True))
        assert not {"etag", "last-modified"} & set(http.get("/finetune/download", params=MERGED).headers)

    def test_no_length(self, sim: Simulator, http: httpx.Client) -> None:
        """Chunked."""
        sim.script(Fault(chunked=True))
        answer = http.get("/finetune/download", params=MERGED)
        assert answer.headers["transfer-encoding"] == "chunked"
        assert "content-length" not in answer.headers
        assert answer.content == SMALL

    def test_a_body_encoded_on_the_way(self, sim: Simulator, http: httpx.Client) -> None:
        """Gzip of the requested bytes."""
        sim.script(Fault(gzip=True))
        with http.stream("GET", "/finetune/download", params=MERGED, headers={"Range": "bytes=10-"}) as answer:
            assert answer.headers["content-encoding"] == "gzip"
            assert gzip.decompress(b"".join(answer.iter_raw())) == SMALL[10:]

    def test_one_byte_gone_wrong(self, sim: Simulator, http: httpx.Client) -> None:
        """Wherever the range begins, and only there."""
        sim.script(Fault(corrupt=50, times=2))
        expected = SMALL[:50] + bytes([SMALL[50] ^ 0xFF]) + SMALL[51:]
        assert http.get("/finetune/download", params=MERGED).content == expected
        answer = http.get("/finetune/download", params=MERGED, headers={"Range": "bytes=40-59"})
        assert answer.content == expected[40:60]

    def test_a_rebuilt_archive(self, sim: Simulator, http: httpx.Client) -> None:
        """New bytes and new validators from that response on, or on request of a test."""
        query = {"ft_id": DPO_JOB, "checkpoint": "adapter"}
        etags = [http.head("/finetune/download", params=query).headers["etag"]]
        sim.script(Fault(replace=True))
        etags += [http.head("/finetune/download", params=query).headers["etag"] for _ in range(2)]
        sim.replace_archives(DPO_JOB)
        etags += [http.head("/finetune/download", params=query).headers["etag"]]
        assert etags[0] != etags[1] == etags[2] != etags[3]
        assert etags[0] != etags[3]

    def test_faults_combine(self, sim: Simulator, http: httpx.Client) -> None:
        """For one request, all that is in one fault."""
        sim.script(Fault(ignore_range=True, chunked=True, weak_etag=True, cut=60))
        with http.stream("GET", "/finetune/download", params=MERGED, headers={"Range": "bytes=5-9"}) as answer:
            assert (answer.status_code, answer.headers["etag"][:2]) == (200, "W/")
            with pytest.raises(httpx.RemoteProtocolError):
                answer.read()

    def test_a_fault_for_some_requests_only(self, sim: Simulator, http: httpx.Client) -> None:
        """The first so many pass, or a condition decides."""
        sim.script(Fault(status=503, skip=1, when=lambda request: request.headers.get("range") == "bytes=9-9"))
        asked = ["bytes=9-9", "bytes=0-0", "bytes=9-9", "bytes=9-9"]
        statuses = [
            http.get("/finetune/download", params=MERGED, headers={"Range": header}).status_code for header in asked
        ]
        assert statuses == [206, 206, 503, 206]


class TestPace:
    """Slow transfers and big ones."""

    def test_a_rate_limit_holds_for_each_download(self, sim: Simulator, http: httpx.Client) -> None:
        """So that there is a middle to interrupt; lifting it lets the rest go."""
        sim.add_archive(LORA_JOB, 100_000)
        sim.rate_limit = 20_000
        with http.stream("GET", "/finetune/download", params=MERGED) as answer:
            sim.wait_until(lambda it: it.bytes_sent >= 2_000)
            assert sim.bytes_sent < 100_000
            sim.rate_limit = None
            assert len(answer.read()) == 100_000

    def test_one_connection_crawls(self, sim: Simulator, http: httpx.Client) -> None:
        """While the others do not."""
        sim.add_archive(LORA_JOB, 100_000)
        sim.script(Fault(rate=1_000))
        with http.stream("GET", "/finetune/download", params=MERGED):
            sim.wait_until(lambda it: it.bytes_sent > 0)
            assert len(http.get("/finetune/download", params=MERGED).content) == 100_000
            assert sim.requests[0].sent < 10_000

    def test_a_huge_archive_is_never_held(self, sim: Simulator, http: httpx.Client) -> None:
        """The end of a hundred terabytes can be requested."""
        job = sim.add_job(archive=100 << 40)
        answer = http.get(
            "/finetune/download", params={"ft_id": job, "checkpoint": "merged"}, headers={"Range": "bytes=-3"}
        )
        assert answer.headers["content-range"].endswith(f"/{100 << 40}")
        assert answer.content == sim.archive(job).read((100 << 40) - 3, 100 << 40)

    def test_an_archive_can_be_a_file(self, sim: Simulator, http: httpx.Client, tmp_path: Path) -> None:
        """Bytes, validators and all."""
        path = tmp_path / "weights.tar.zst"
        path.write_bytes(SMALL * 3)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        sim.add_archive(LORA_JOB, path, form="adapter")
        answer = http.get("/finetune/download", params=ADAPTER, headers={"Range": "bytes=100-"})
        assert answer.content == SMALL * 2
        assert answer.headers["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
        assert http.get("/finetune/download", params=MERGED).content == SMALL

    def test_the_most_specific_archive_is_used(self, sim: Simulator, http: httpx.Client) -> None:
        """One for a step and a form before one for all."""
        sim.add_archive(LORA_JOB, BytesArchive(b"step"), step=500)
        sim.add_archive(LORA_JOB, b"both", step=500, form="adapter")
        assert http.get("/finetune/download", params={**ADAPTER, "checkpoint_step": "500"}).content == b"both"
        assert http.get("/finetune/download", params={**MERGED, "checkpoint_step": "500"}).content == b"step"
        assert http.get("/finetune/download", params=MERGED).content == SMALL

    @pytest.mark.parametrize("status", ["completed", "queued", "error", "user_error", "cancelled", "hibernating"])
    def test_a_job_of_any_status_can_be_added(self, sim: Simulator, http: httpx.Client, status: str) -> None:
        """Also an unknown one."""
        job = sim.add_job("ft-mine", status=status, training_type="Full", model_output_name="me/../evil")
        found = http.get(f"/fine-tunes/{job}").json()
        assert (job, found["status"], found["training_type"]) == ("ft-mine", status, {"type": "Full"})

    @pytest.mark.parametrize("status", [*FLOW, "user_error", "hibernating"])
    def test_nothing_has_happened_to_an_added_job_in_the_future(self, sim: Simulator, status: str) -> None:
        job = sim.job(sim.add_job(status=status))
        now = datetime.now(UTC)
        assert job.created_at <= job.updated_at <= now
        assert max(event.at for event in job.events) <= now

    def test_a_jobs_fields_can_be_anything_or_absent(self, sim: Simulator, http: httpx.Client) -> None:
        """For tests of odd servers."""
        sim.job(LORA_JOB).overrides["training_type"] = {"type": "Novel"}
        sim.job(LORA_JOB).absent.add("status")
        found = http.get(f"/fine-tunes/{LORA_JOB}").json()
        assert found["training_type"] == {"type": "Novel"}
        assert "status" not in found
