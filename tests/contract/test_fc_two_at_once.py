"""Two requests at once that are meant for the same state of a thing (If-Match)."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alibabacloud_fc_open20210406 import models
from alibabacloud_tea_util.models import RuntimeOptions
from Tea.exceptions import TeaException

from scripts.localcloud.fc.code import Code
from tests.contract.fc_helpers import ECHO, FcCloud, client, deploy, zip_file


@pytest.fixture
def cloud() -> Iterator[FcCloud]:
    """A cloud that is asked over HTTP."""
    with FcCloud(serve=True) as running:
        yield running


def test_of_two_changes_meant_for_one_state_the_second_is_refused(
    cloud: FcCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two updates of a function are both under way before either is done."""
    fc, (service, function) = client(cloud), deploy(cloud)
    both, take = threading.Barrier(2, timeout=30), Code.from_request
    found = fc.get_function(service, function, models.GetFunctionRequest())
    match = {"If-Match": found.headers["etag"]}
    headers = models.UpdateFunctionHeaders(common_headers=match)
    package = models.Code(zip_file=zip_file(ECHO))

    def taken_together(fields: dict[str, Any]) -> Code:
        both.wait()
        return take(fields)

    def update(timeout: int) -> int:
        request = models.UpdateFunctionRequest(timeout=timeout, code=package)
        options = (headers, RuntimeOptions())
        try:
            fc.update_function_with_options(service, function, request, *options)
        except TeaException as error:
            return int(error.data["statusCode"])
        return 200

    monkeypatch.setattr(Code, "from_request", taken_together)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(update, (7, 8))) == [200, 412]


def test_of_two_changes_meant_for_one_state_of_a_service_the_second_is_refused(
    cloud: FcCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is so of a service too."""
    fc, (service, _) = client(cloud), deploy(cloud)
    both, see = threading.Barrier(2, timeout=30), cloud.fc.check_role
    found = fc.get_service(service, models.GetServiceRequest())
    headers = models.UpdateServiceHeaders(common_headers={"If-Match": found.headers["etag"]})

    def seen_together(role: object) -> None:
        both.wait()
        see(role)

    def update(words: str) -> int:
        request = models.UpdateServiceRequest(description=words)
        try:
            fc.update_service_with_options(service, request, headers, RuntimeOptions())
        except TeaException as error:
            return int(error.data["statusCode"])
        return 200

    monkeypatch.setattr(cloud.fc, "check_role", seen_together)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(update, ("one", "two"))) == [200, 412]
