"""What Log Service refuses: page "Common error codes", and each operation's own "Error codes"."""

from collections.abc import Collection, Mapping

STATUS = {
    "IndexAlreadyExist": 400,
    "IndexConfigNotExist": 400,  # GetIndex too says 400, not 404
    "IndexInfoInvalid": 400,
    "InvalidBodyRawSize": 400,
    "InvalidCompressType": 400,
    "InvalidEncoding": 400,
    "InvalidKey": 400,
    "InvalidLine": 400,
    "InvalidOffset": 400,
    "InvalidQueryString": 400,
    "InvalidTimeRange": 400,
    "JobAlreadyExist": 400,
    "LogStoreAlreadyExist": 400,
    "LogStoreInfoInvalid": 400,
    "ParameterInvalid": 400,
    "MissingBodyRawSize": 400,
    "PostBodyInvalid": 400,
    "PostBodyUncompressError": 400,
    "ProjectAlreadyExist": 400,
    "ProjectQuotaExceed": 400,
    "ResourceRecordAlreadyExist": 400,
    "Unauthorized": 401,
    "JobNotExist": 404,  # an alert is one of the jobs
    "LogStoreNotExist": 404,
    "ProjectNotExist": 404,
    "ResourceRecordNotExist": 404,
    "PostBodyTooLarge": 413,
    "NotImplemented": 501,
}


class LogError(Exception):
    """A refusal: `code` as Log Service names it (`ProjectNotExist`), and a message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = STATUS[code]


def invalid(message: str) -> LogError:
    """A parameter that Log Service does not take."""
    return LogError("ParameterInvalid", message)


def denied(action: str, resource: str) -> LogError:
    """RAM does not allow `action` on the resource's ARN."""
    return LogError("Unauthorized", f"denied by sts or ram, action: {action}, resource: {resource}")


def only_known(
    where: str, given: Mapping[str, object], inert: Mapping[str, object], known: Collection[str]
) -> None:
    """Raise LogError for a name that is not known, or whose value would do what is not done here.

    `inert` has the names that may have but one value, which changes nothing.
    """
    for name, value in given.items():
        if name not in inert and name not in known:
            raise LogError("NotImplemented", f"The local cloud does not know this: {where}{name}")
        if value is not None and value != inert.get(name, value):
            message = f"The local cloud does not know this: {where}{name} with {value!r}"
            raise LogError("NotImplemented", message)
