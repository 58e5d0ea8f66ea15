"""What the repairs of one invocation share: exemptions, credentials, OSS.

It is imported when there is something to repair, since what it needs is most of a cold start.
"""

from resource_repair import exemptions, naming
from resource_repair.batch import Begin, Hopeless, Repair
from resource_repair.exemptions import ExemptionsError
from resource_repair.oss import Oss
from resource_repair.remediations import named
from resource_repair.remediations.frame import Case
from resource_repair.repair import BucketRepair, Means
from resource_repair.settings import Settings
from resource_repair.timing import Deadline
from resource_repair.values import Finding, Invocation


def prepare(settings: Settings, invocation: Invocation, deadline: Deadline) -> Begin:
    """What begins the repair of a finding, in this invocation."""
    try:
        exempt = exemptions.load(exemptions.COMPILED)
    except ExemptionsError as error:
        # A ceiling that cannot be read may forbid every repair there is.
        reason = f"exemptions_unreadable: {error}"
        return lambda finding: Hopeless(finding, reason)
    if invocation.credentials is None:
        reason = "no_credentials: give the service a role that may repair"
        return lambda finding: Hopeless(finding, reason)
    oss = Oss(settings.endpoint, invocation.credentials, deadline)
    home = naming.region_id(invocation.region) or ""

    def begin(finding: Finding) -> Repair:
        mode = settings.mode_of(finding.remediation)
        means = Means(oss.bucket, mode, invocation.account_id, home, deadline)
        case = Case(finding.resource_id, exempt, settings.exempt_tag, deadline.clock, {}, [])
        does = named(finding.remediation, settings.ways)
        return BucketRepair(finding, means, does, case)

    return begin
