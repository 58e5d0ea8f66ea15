"""What the state of MNS refuses to do, and how its interfaces say so."""

from scripts.localcloud.service import ApiError


class MnsError(Exception):
    """Whatever the state refuses."""


class NotExistError(MnsError, KeyError):
    """There is no topic, queue or subscription (`kind`) of this name."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(name)
        self.kind = kind


class AlreadyExistsError(MnsError):
    """There is one of that name already, and its attributes are others."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"there is another {kind.lower()} named {name}")
        self.kind = kind


class InvalidNameError(MnsError):
    """A name that a topic or queue cannot have."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"not a {kind.lower()} name: {name!r}")
        self.kind = kind


class MessageTooLongError(MnsError):
    """A body above the maximum size of its queue or topic."""


class ReceiptHandleError(MnsError):
    """A receipt handle that was never given out, or is no longer its message's."""


def as_api_error(error: MnsError) -> ApiError:
    """The refusal in the words of the page "Error codes"."""
    match error:
        case NotExistError(kind=kind):
            message = f"The {kind.lower()} name you provided is not exist."
            return ApiError(404, f"{kind}NotExist", message)
        case AlreadyExistsError(kind=kind):
            message = f"The {kind.lower()} you want to create is already exist."
            return ApiError(409, f"{kind}AlreadyExist", message)
        case InvalidNameError(kind=kind):
            code = "InvalidQueueName" if kind == "Queue" else "TopicNameInvalid"
            message = f"The {kind.lower()} name you provided is invalid."
            return ApiError(400, code, f"{message} It has letters, digits and hyphens only.")
        case ReceiptHandleError():
            # Guessed: that an expired handle is refused with the same code as an unknown one.
            message = "The receipt handle you provide is not valid."
            return ApiError(400, "ReceiptHandleError", message)
    return invalid_argument(f"{error}.")


def invalid_argument(message: str) -> ApiError:
    """A value that MNS does not take."""
    return ApiError(400, "InvalidArgument", message)
