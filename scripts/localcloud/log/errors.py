"""What Log Service refuses: page "Common error codes", and each operation's own "Error codes"."""

STATUS = {
    "IndexAlreadyExist": 400,
    "IndexConfigNotExist": 400,  # GetIndex too says 400, not 404
    "IndexInfoInvalid": 400,
    "InvalidLine": 400,
    "InvalidOffset": 400,
    "InvalidQueryString": 400,
    "InvalidTimeRange": 400,
    "JobAlreadyExist": 400,
    "LogStoreAlreadyExist": 400,
    "LogStoreInfoInvalid": 400,
    "ParameterInvalid": 400,
    "PostBodyInvalid": 400,
    "ProjectAlreadyExist": 400,
    "ResourceRecordAlreadyExist": 400,
    "Unauthorized": 401,
    "JobNotExist": 404,  # an alert is one of the jobs
    "LogStoreNotExist": 404,
    "ProjectNotExist": 404,
    "ResourceRecordNotExist": 404,
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
