"""Who sees which table of the administration: one block, from which each (table, action, role) follows.

Tests hold it against the administration (tests/admin/test_permissions.py): a new table without an entry fails. Whoever
is no member of the staff sees nothing of it, whatever role they have; only a superuser makes somebody one.
"""

from tests.access import ADMINS, LEADS, RELEASERS, SIGHTED, SUPERUSERS, WITH_ROLE

_TABLES: dict[tuple[str, ...], str] = {
    WITH_ROLE: """
        attempt brief candidateanswer generationcall generationjob instruction problemset reverification rubric run
        sampler""",
    SIGHTED: """
        campaign candidatereview delivery export generation judgejob problem problemcandidate queue release releaseitem
        releaserule releasetag removal repair review scorer scoring thread tombstone trace tracetag training verdict""",
    LEADS: "adjudication comparison import reviewvoid spendday",
    ADMINS: "spendlimit",
    SUPERUSERS: """
        accessattempt accessfailurelog accesslog apianswer apitoken artefact assignment attemptwatch auditevent
        batchitem bell comparisonlease endpointfault endpointgate episode freezing group importedreview importedverdict
        invitation judgejobanswer judgejobitem membership mention mind modelcut pendingverification problemsketch
        project providerbatch queueflag queueguidelines queueitem queueskip queuework repairwithdrawal replay reply
        reviewlease runproblem savedview scheduler searchbacklog segmentationitem segmentationjob signin spendalert
        spendhold spendwait submission tag tally text threadevent tracesearch trainingpoint transition user webhook
        webhookevent webhookmessage worker""",
}
TABLES: dict[str, tuple[str, ...]] = {name: roles for roles, names in _TABLES.items() for name in names.split()}
"""By model: the roles whose members of the staff look at its table, its rows and what became of them."""

CHANGED = ("group", "user")
"""Tables whose rows are made, changed and removed in the administration, by superusers; of all others none is."""
REMOVED = (*CHANGED, "accessattempt", "accesslog", "accessfailurelog")
"""Tables whose rows a superuser removes there."""

_ACTIONS: dict[tuple[str, ...], dict[str, str]] = {
    LEADS: {
        **dict.fromkeys(("judgejob", "reverification", "segmentationjob"), "pause resume cancel"),
        **dict.fromkeys(("scorer", "scoring", "training"), "pause resume cancel retry"),
        **dict.fromkeys(("problem", "sampler"), "verify_again judge_traces"),
        "brief": "generate_from_brief",
        "campaign": "campaign_again pause resume cancel",
        "generationjob": "generate_again pause resume cancel retry",
        "import": "repeat pause resume cancel retry",
        "problemset": "run_preset verify_again judge_traces",
        "run": "run_again verify_again judge_traces pause resume cancel retry",
    },
    RELEASERS: {**dict.fromkeys(("delivery", "export", "freezing"), "cancel retry"), "release": "export_release"},
    SUPERUSERS: {"apitoken": "revoke"},
}
ACTIONS: dict[tuple[str, str], tuple[str, ...]] = {
    (table, action): roles
    for roles, tables in _ACTIONS.items()
    for table, actions in tables.items()
    for action in actions.split()
}
"""By model and action with rows that were chosen: the roles that are offered it."""
