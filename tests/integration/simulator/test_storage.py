"""Downloads that are redirected to a signed URL of the storage host."""

from __future__ import annotations

import httpx
import pytest

from together_ext.simulator import (
    DPO_JOB,
    LORA_JOB,
    STORAGE_PATH,
    Fault,
    Simulator,
)

from .asking import MERGED, PLAIN, SMALL, key_of


class TestStorage:
    """The other host."""

    @pytest.fixture(autouse=True)
    def _redirect(self, sim: Simulator) -> None:
        sim.redirect_downloads = True

    def location(self, http: httpx.Client) -> str:
        """Where the API sends us."""
        answer = http.get("/finetune/download", params=MERGED)
        assert answer.status_code == 302
        return str(answer.headers["location"])

    def test_a_signed_url_needs_no_key(self, sim: Simulator, http: httpx.Client) -> None:
        """Another origin, ranges, and a record that the key did not come along."""
        location = self.location(http)
        assert location.startswith(f"{sim.storage.url}{STORAGE_PATH}")
        answer = PLAIN.get(location, headers={"Range": "bytes=10-19"})
        assert (answer.status_code, answer.content) == (206, SMALL[10:20])
        assert "x-request-id" in answer.headers
        (request,) = sim.storage_requests
        assert "authorization" not in request.headers
        assert sim.api_key not in str(request)
        assert (request.sent, sim.bytes_sent, sim.requests[-1].sent) == (10, 10, 0)

    def test_httpx_follows(self, sim: Simulator, http: httpx.Client) -> None:
        """And drops the key itself."""
        answer = http.get("/finetune/download", params=MERGED, follow_redirects=True)
        assert answer.content == SMALL
        assert "authorization" not in sim.storage_requests[0].headers

    def test_the_api_still_checks(self, http: httpx.Client) -> None:
        """Before it signs."""
        assert http.get("/finetune/download", params={"ft_id": LORA_JOB, "checkpoint": "?"}).status_code == 400

    def test_a_key_beside_a_signature_is_refused(self, sim: Simulator, http: httpx.Client) -> None:
        """As object stores do."""
        answer = PLAIN.get(self.location(http), headers=key_of(sim))
        assert answer.status_code == 400
        assert "Only one auth mechanism" in answer.text

    @pytest.mark.parametrize("limit", ["max_uses", "max_bytes"])
    def test_a_url_expires(self, sim: Simulator, http: httpx.Client, limit: str) -> None:
        """After so many uses or bytes; a new one works."""
        setattr(sim.storage, limit, {"max_uses": 2, "max_bytes": 15}[limit])
        location = self.location(http)
        statuses = [PLAIN.get(location, headers={"Range": "bytes=0-9"}).status_code for _ in range(3)]
        assert statuses == [206, 206, 403]
        answer = PLAIN.get(location)
        assert "<Code>AccessDenied</Code>" in answer.text
        assert "Request has expired" in answer.text
        assert answer.headers["content-type"].startswith("application/xml")
        assert PLAIN.get(self.location(http)).content == SMALL

    def test_all_urls_expire_at_once(self, sim: Simulator, http: httpx.Client) -> None:
        """On request of a test."""
        location = self.location(http)
        sim.storage.expire()
        assert PLAIN.get(location).status_code == 403
        assert PLAIN.get(self.location(http)).status_code == 200

    def test_a_made_up_signature(self, http: httpx.Client) -> None:
        """403, and so is a signature for another archive."""
        location = self.location(http)
        assert PLAIN.get(location[:-1] + "x").status_code == 403
        assert PLAIN.get(location.replace("merged", "adapter")).status_code == 403
        assert PLAIN.get(location.partition("?")[0]).status_code == 403

    def test_bytes_are_corrupted_at_the_storage_host(self, sim: Simulator, http: httpx.Client) -> None:
        """A faulty download is sent by the storage host; another response by the API, unless a path is given."""
        sim.script(Fault(cut=5), Fault(status=503), Fault(status=500, path=STORAGE_PATH))
        assert http.get("/finetune/download", params=MERGED).status_code == 503
        location = self.location(http)
        with pytest.raises(httpx.RemoteProtocolError):
            PLAIN.get(location)
        assert [PLAIN.get(location).status_code for _ in range(2)] == [500, 200]

    def test_a_rebuilt_archive_at_a_signed_url(self, sim: Simulator, http: httpx.Client) -> None:
        """The same URL leads to other bytes."""
        query = {"ft_id": DPO_JOB, "checkpoint": "adapter"}
        location = http.get("/finetune/download", params=query).headers["location"]
        sim.script(Fault(replace=True, skip=1))
        etags = [PLAIN.head(location).headers["etag"] for _ in range(3)]
        assert etags[0] != etags[1] == etags[2]

    def test_a_deleted_job_has_no_key(self, http: httpx.Client) -> None:
        """404 as object stores put it."""
        location = self.location(http)
        http.delete(f"/fine-tunes/{LORA_JOB}")
        answer = PLAIN.get(location)
        assert (answer.status_code, "NoSuchKey" in answer.text) == (404, True)
