"""What libraries raise about files that are elsewhere, as one message without secrets.

Each store has errors of its own, and none says in its type whether the file is missing, forbidden
or out of reach. Their text does.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from losscli.data.stored import HTTP, shown, split_query, user_in, without_secrets
from losscli.errors import DataError, UsageError

_FORBIDDEN = re.compile(
    r"ACCESS_DENIED|INVALID_ACCESS_KEY|InvalidAccessKey|SIGNATURE|Signature|EXPIRED_TOKEN|"
    r"ExpiredToken|INVALID_CLIENT_TOKEN|PERMISSION_DENIED|UNAUTHENTICATED|Forbidden|Unauthorized|"
    r"access token|invalid_grant|credentials|\b40[13]\b|GatedRepo",
)
_UNREACHABLE = re.compile(
    r"NETWORK_CONNECTION|UNAVAILABLE|[Cc]ould not resolve|[Cc]ould not connect|"
    r"Cannot connect|Name or service not known|name resolution|refused|unreachable|"
    r"[Tt]imed? ?out|TIMEOUT",
)
_MISSING = re.compile(r"\b404\b|\b410\b|NO_SUCH|NoSuch|not found|RepositoryNotFound")
_WHERE = {
    "s3": "AWS_PROFILE, AWS_ACCESS_KEY_ID, ~/.aws or the machine's role",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS or `gcloud auth application-default login`",
    "hf": "HF_TOKEN or `hf auth login`",
}
_WHERE["gcs"] = _WHERE["gs"]
_PUBLIC = "; what is public needs none: gs://anonymous@BUCKET/..."
_LONGEST = 200
# Around what Google and Amazon say is what only their programmers understand.
_AROUND = re.compile(
    r"^.*with a last message of |\s*(error_info=|The request was not sent|Detail:|\(Request ID).*"
)


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Whatever a library says about an address becomes a :class:`DataError`."""
    try:
        yield
    except (DataError, UsageError):
        raise
    except Exception as error:
        unknown = DataError(f"cannot be read: {_said(error, url)}", path=shown(url), code="LC160")
        raise fault(url, error) or unknown from None


def fault(url: str, error: Exception) -> DataError | None:
    """What an error says about who may read this address, and how; None if it is about the file."""
    scheme, causes = urlsplit(url).scheme, [*_chain(error)]
    said, hint = _said(causes[-1], url), None
    everything = " ".join(f"{type(cause).__name__} {_text(cause, url)}" for cause in causes)
    # The name of a file may be 403.csv.
    everything = everything.replace(os.path.basename(shown(url)), "")
    if _FORBIDDEN.search(everything) or any(isinstance(c, PermissionError) for c in causes):
        what, hint = f"may not be read: {said}", credentials_for(scheme)
    elif _UNREACHABLE.search(everything):
        what, hint = f"cannot be reached: {said}", "is the address right, and the network up?"
    elif _MISSING.search(everything) or isinstance(causes[-1], FileNotFoundError):
        what = "there is no such file"
    else:
        return None
    return DataError(what, path=shown(url), hint=hint, code="LC160")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it was made of."""
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def credentials_for(scheme: str) -> str:
    """Where the credentials for an address are taken from."""
    if scheme in HTTP:
        return "does the address need a user and a password, or a signature that still holds?"
    where = _WHERE.get(scheme, "where its fsspec library looks for them")
    return f"credentials come from {where}{_PUBLIC if scheme in ('gs', 'gcs') else ''}"


def _said(error: BaseException, url: str) -> str:
    """What matters of the text of an error."""
    text = _AROUND.sub("", _text(error, url)).rstrip(".: ")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _text(error: BaseException, url: str) -> str:
    """The first line of an error, without the secrets of the address."""
    user, query = user_in(url).rstrip("@"), split_query(url)[1].lstrip("?")
    status, answer = getattr(error, "status", None), getattr(error, "message", None)
    text = f"{status} {answer}" if status and answer else str(error)
    text = next(iter(text.splitlines()), "") or type(error).__name__
    for secret in (url, query, user, user.partition(":")[2]):
        if secret:
            text = text.replace(secret, "...")
    # An address within the message may be spelled in another way.
    return without_secrets(text)
