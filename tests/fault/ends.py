"""Where a scenario has come to, as the journal has it: what is compared with the end of the same scenario unharmed."""

import re

# Those that stand in sentences: 2026-11-28T01:10:03.479Z, 3s312ms.
TIMES = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?|\b(?:\d+(?:ms|s|m|h|d))+\b")


def plain(value):
    return TIMES.sub("T", value) if isinstance(value, str) else value


def rows(world, sql):
    return [tuple(map(plain, row.values())) for row in world.rows(sql)]


def messages_of(world):
    """What the log was told, and which channels were told something else. One that was not there from the beginning was
    told the last of it."""
    told = {}
    for channel, *message in rows(world, "SELECT channel, severity, title, sent_at IS NOT NULL FROM outbox "
                                         "ORDER BY id"):
        told.setdefault(channel, []).append(tuple(message))
    log = told.get("log", [])
    return sorted(log), [channel for channel, messages in told.items() if messages != log[len(log) - len(messages):]]


def end_of(world):
    """What may rightly differ is not in it: times and how long something took; fencing tokens, and how often a step or
    a question was tried, since what was cut off is tried again; how often an event was sent and a message tried; the
    order in which messages and changes were written, some of which come from threads beside the worker; why a step
    failed or an unknown one was taken for done, in words, since that tells of the fault."""
    messages, odd = messages_of(world)
    return {
        "events": rows(world, "SELECT kind, source, release, actor FROM events ORDER BY id"),
        "events with facts": rows(world, "SELECT count(DISTINCT event_id) FROM facts"),
        "decisions": rows(world, "SELECT verdict, reason, rule FROM decisions ORDER BY event_id"),
        "runs": rows(world, "SELECT action, with_backup, outcome, release_from, release_to, deployment_id, rule "
                            "FROM runs ORDER BY id"),
        "steps done": rows(world, "SELECT DISTINCT run_id, name FROM steps WHERE outcome = 'done' OR finding = 'done' "
                                  "ORDER BY 1, 2"),
        "releases": rows(world, "SELECT name, good_at IS NOT NULL AS is_good, poisoned_at IS NOT NULL AS is_poisoned, "
                                "poison_reason, rollback_safe FROM releases ORDER BY name"),
        "deployments": rows(world, "SELECT release, kind, run_id, ended_at IS NULL AS is_live, rolled_back, actor, "
                                   "purpose, failed_at IS NOT NULL AS has_failed, recovered_at IS NOT NULL AS is_over "
                                   "FROM deployments ORDER BY id"),
        "changes": sorted(rows(world, "SELECT what, release, actor, reason FROM changes")),
        "messages": messages,
        "channels told otherwise": odd,
        "totals": rows(world, "SELECT name, first, second, total FROM totals WHERE name IN ('events', 'decisions', "
                              "'runs', 'deployments', 'deployment_failures') ORDER BY 1, 2, 3"),
        "recoveries": rows(world, "SELECT coalesce(sum(total), 0) FROM totals WHERE first <> 'sum_ms' "
                                  "AND name = 'failed_deployment_recovery'"),
    }


def differences(found, wanted, but=()):
    """A line for each part that is not as it should be, but for those that need not be."""
    lines = []
    for part, right in wanted.items():
        if found[part] != right and part not in but:
            lacks = [row for row in right if row not in found[part]]
            more = [row for row in found[part] if row not in right]
            lines.append(f"{part}: without {lacks}, with {more}" if lacks or more
                         else f"{part}: {found[part]}, not {right}")
    return lines
