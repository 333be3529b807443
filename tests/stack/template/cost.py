"""What an install costs: at rest, for each log, and for what its parameters add.

`python cost.py` prints the tables of docs/cost.md; documents.py puts them there.
"""

import functools
import re

import assumed
import sources
from installs import BULK, SEARCH, SLACK, SMALLEST
from prices import HOURS, NOTED, PRICES, REGION
from transformed import read_template, transform

RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
WEEKLY = re.compile(r"cron\(\d+ \d+ \? \* [A-Z]{3} \*\)")
MINUTES = {"minute": 1, "hour": 60, "day": 1440}


def runs_a_month(expression):
    """How often a schedule runs in a month."""
    if WEEKLY.fullmatch(expression):
        return HOURS / 24 / 7
    number, unit = RATE.fullmatch(expression).groups()
    return HOURS * 60 / (int(number) * MINUTES[unit])


def scheduled(install):
    """Runs a month, by function; what only the bulk path asks for is counted too."""
    found = {}
    for schedule in install.of_type("AWS::Scheduler::Schedule").values():
        properties = schedule["Properties"]
        name = properties["Target"]["Arn"]["Ref"].removesuffix("FunctionAliaslive").lower()
        found[name] = found.get(name, 0) + runs_a_month(properties["ScheduleExpression"])
    return found


def wakes(install):
    """How often a month a schedule opens the database though nothing came."""
    schedules = [s["Properties"] for s in install.of_type("AWS::Scheduler::Schedule").values()]
    return sum(
        runs_a_month(schedule["ScheduleExpression"]) for schedule in schedules
        if any(f'"task":"{task}"' in str(schedule["Target"]["Input"]) for task in ("sweep", "digest")))


def metrics(install, runs):
    """Metrics that are written although nothing happens, in months of one metric each."""
    watched = {
        (a["Properties"]["MetricName"], a["Properties"]["Dimensions"][0]["Value"])
        for a in install.of_type("AWS::CloudWatch::Alarm").values() if a["Properties"]["Namespace"] == "Logbook"
    }
    # And the cold starts of each function that is woken.
    watched |= {("ColdStart", service) for service in runs}
    return sum(min(HOURS, runs[service]) / HOURS for _, service in sorted(watched) if service in runs)


def architecture(install):
    return f"GB-s {install.parameters['Architecture']}"


def gb_seconds(install, function, ms, times):
    return install.functions()[function]["MemorySize"] / 1024 * ms / 1000 * times


def at_rest(install, rotations=0):
    """Units of each price that an install uses in a month in which no log comes."""
    runs = scheduled(install)
    clusters = install.of_type("AWS::RDS::DBCluster")
    total = sum(runs.values())
    used = {
        "key": len(install.of_type("AWS::KMS::Key")) * (1 + rotations),
        # The cluster's master has one that the template does not show.
        "secret": len(install.of_type("AWS::SecretsManager::Secret")) + len(clusters),
        "alarm": len(install.of_type("AWS::CloudWatch::Alarm")),
        "metric": metrics(install, runs),
        "dashboard": len(install.of_type("AWS::CloudWatch::Dashboard")),
        architecture(install): sum(gb_seconds(install, f, assumed.IDLE_MS[f], n) for f, n in runs.items()),
        "invocation": total,
        "schedule": total,
        "trace": total,
        "log GB": total * assumed.LOG_BYTES_A_RUN / 1e9,
        "S3 put": sum(assumed.IDLE_LISTS[f] * n for f, n in runs.items()),
        "S3 get": sum(assumed.IDLE_GETS[f] * n for f, n in runs.items()),
        "key request": sum(assumed.IDLE_GETS[f] * n for f, n in runs.items()) / assumed.REQUESTS_A_BUCKET_KEY,
        "secret request": assumed.COLD_STARTS_A_MONTH,
        "Aurora GB": len(clusters) * assumed.DATABASE_GB,
        "ACU hour": len(clusters) * wakes(install) * awake_hours(install),
        "endpoint hour": sum(
            len(r["Properties"].get("SubnetIds", [])) * HOURS for r in install.of_type("AWS::EC2::VPCEndpoint").values()),
    }
    for domain in install.of_type("AWS::OpenSearchService::Domain").values():
        config = domain["Properties"]["ClusterConfig"]
        used[f"{config['InstanceType']} hour"] = int(config["InstanceCount"]) * HOURS
        used["search GB"] = int(config["InstanceCount"]) * int(domain["Properties"]["EBSOptions"]["VolumeSize"])
    return {name: amount for name, amount in used.items() if amount}


def awake_hours(install):
    pause = install.parameters["DatabaseAutoPauseSecs"]
    return (int(pause) + assumed.AWAKE_SECS_BEYOND_PAUSE) / 3600 * assumed.AWAKE_ACU


def usd(used, free=False):
    """What these units cost, with or without what an account has for nothing."""
    return sum(PRICES[n].usd * max(0, amount - (PRICES[n].free if free else 0)) for n, amount in used.items())


def install_of(**parameters):
    """An install of the template as it is; made once for the same parameters."""
    return _install_of(tuple(sorted(parameters.items())))


@functools.cache
def _install_of(parameters):
    return transform(read_template(), dict(parameters))


# ------------------------------------------------------------------ for each log


def per_log(install, way):
    """Units of each price for one log that comes by `body`, by `ticket` or by the `inbox`."""
    batches = 1 / assumed.LOGS_A_BATCH
    seconds = gb_seconds(install, "intake", assumed.INTAKE_MS, 1)
    seconds += gb_seconds(install, "parse", assumed.PARSE_MS, 1)
    # Of the archive: put, told to intake, and read by parse; the mark for analyze is one a minute.
    used = {"S3 put": 1, "S3 get": 1, "invocation": 1 + batches}
    # Sent by intake; received and deleted a batch at a time.
    used["SQS request"] = 1 + 2 * batches
    if way == "inbox":
        # Told to intake, head, get; delete is free. Who puts it there pays for the put: the same account.
        used["S3 put"] += 1
        used["S3 get"] += 2
        used["invocation"] += 1
        seconds += gb_seconds(install, "intake", assumed.INTAKE_FROM_INBOX_MS, 1)
    else:
        used["REST request"] = 1
        used["invocation"] += 1
        seconds += gb_seconds(install, "upload", assumed.UPLOAD_MS, 1)
    if way == "ticket":
        for name, amount in per_log(install, "inbox").items():
            used[name] = max(used.get(name, 0), amount)
        used["invocation"] += 1
        seconds += gb_seconds(install, "intake", assumed.INTAKE_FROM_INBOX_MS, 1)
    used[architecture(install)] = seconds
    # Wrapped once for many logs, unwrapped as often; and the bucket's own key.
    used["key request"] = 2 / assumed.LOGS_A_DATA_KEY + (used["S3 put"] + used["S3 get"]) / assumed.REQUESTS_A_BUCKET_KEY
    used["log GB"] = used["invocation"] * assumed.LOG_BYTES_A_RUN / 1e9
    used["trace"] = used["invocation"] * assumed.TRACED
    return used


# ------------------------------------------------------------------ cold tiers

KB = 1 / 1024 / 1024  # of a GB
DEEP_OVERHEAD = {"S3 GB": 8 * KB, "deep GB": 32 * KB}


def standard(gb, months):
    return gb * months * PRICES["S3 GB"].usd


def intelligent(gb, months):
    """From the day on which the object is moved, a month after it came; it is not read again."""
    tiers = [("S3 GB", 1), ("IA GB", 2), ("instant GB", max(0, months - 3))]
    stored = sum(PRICES[name].usd * gb * min(m, months) for name, m in tiers)
    return PRICES["to tiering"].usd + stored + months * PRICES["tiering object"].usd


def deep(gb, months):
    """Intelligent-Tiering for eleven months, then Deep Archive with its 40 KB for each object."""
    if months <= 11:
        return intelligent(gb, months)
    overhead = sum(PRICES[name].usd * size for name, size in DEEP_OVERHEAD.items())
    kept = (months - 11) * (PRICES["deep GB"].usd * gb + overhead)
    return intelligent(gb, 11) + PRICES["to deep"].usd + kept


def straight_to_deep(gb, months):
    overhead = sum(PRICES[name].usd * size for name, size in DEEP_OVERHEAD.items())
    return PRICES["to deep"].usd + months * (PRICES["deep GB"].usd * gb + overhead)


def break_even_kb(tier, months):
    """The size in KB from which a tier costs less than Standard over these months."""
    low, high = 1.0, 1024.0 * 1024
    for _ in range(60):
        middle = (low + high) / 2
        if tier(middle * KB, months) < standard(middle * KB, months):
            high = middle
        else:
            low = middle
    return high


# ------------------------------------------------------------------ tables


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join("---" if i == 0 else "---:" for i in range(len(head))) + "|"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def money(amount):
    amount = round(amount, 6)  # halves of a cent are not left to the last bit
    return f"{amount:.2f}" if amount >= 0.005 or amount == 0 else f"{amount:.4f}"


def amount_of(value):
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def rest_table():
    smallest, default = at_rest(install_of(**SMALLEST)), at_rest(install_of())
    rows = []
    for name in {**smallest, **default}:
        few, many = smallest.get(name, 0), default.get(name, 0)
        one = PRICES[name].usd
        rows.append([name, PRICES[name].unit, amount_of(few), money(few * one), amount_of(many), money(many * one)])
    rows.append(["**together**", "list price", "", f"**{money(usd(smallest))}**", "", f"**{money(usd(default))}**"])
    free = [f"**{money(usd(used, free=True))}**" for used in (smallest, default)]
    rows.append(["**together**", "less what an account has for nothing, for ever", "", free[0], "", free[1]])
    rotated = [usd(at_rest(install_of(**SMALLEST))), usd(at_rest(install_of(), rotations=2))]
    rotated_free = [usd(at_rest(install_of(**SMALLEST)), True), usd(at_rest(install_of(), rotations=2), True)]
    rows.append(["from the third year", "list price", "", money(rotated[0]), "", money(rotated[1])])
    rows.append(["from the third year", "less what is free", "", money(rotated_free[0]), "", money(rotated_free[1])])
    return table(["what", "unit", "smallest", "USD", "default", "USD"], rows)


def parameters_table():
    """What a parameter adds to the default install, in a month without a log."""
    plain = usd(at_rest(install_of()))
    cases = {
        "Endpoints = interface": {"Endpoints": "interface"},
        "BiUser = true": {"BiUser": "true"},
        "SlackWebhookSecretArn": SLACK,
        "AlarmEmail": {"AlarmEmail": "operator@example.com"},
        "Dashboard = false": {"Dashboard": "false"},
        "GlueScript": BULK,
        "SearchInstanceType = t3.small.search": SEARCH,
        "the same, SearchInstanceCount = 2": {**SEARCH, "SearchInstanceCount": 2},
        "AnalyzeSchedule = rate(15 minutes)": {"AnalyzeSchedule": "rate(15 minutes)"},
        "SweepSchedule = rate(1 hour)": {"SweepSchedule": "rate(1 hour)"},
        "DatabaseHost (yours)": {
            "Network": "none", "DatabaseHost": "db.example.com", "DatabaseSecretArn": SLACK["SlackWebhookSecretArn"]},
    }
    notes = {
        "SlackWebhookSecretArn": "and your secret, 0.40",
        "GlueScript": f"and {PRICES['worker hour'].usd:.2f} for each worker and hour of a run",
        "DatabaseHost (yours)": "and your database and its secret",
        "SweepSchedule = rate(1 hour)": "the cluster is awake six minutes of each hour",
        "Dashboard = false": "nothing where it is one of the account's first three",
    }
    rows = [[name, f"{usd(at_rest(install_of(**given))) - plain:+.2f}", notes.get(name, "")] for name, given in cases.items()]
    return table(["parameter", "USD a month", "besides"], rows).replace("---:|---:|", "---:|---|")


WAYS = {"body": "`POST /v1/logs`", "ticket": "ticket, then PUT", "inbox": "put into the inbox"}


def log_table():
    install = install_of()
    each = {way: per_log(install, way) for way in WAYS}
    names = list(dict.fromkeys(name for used in each.values() for name in used))
    rows = []
    for name in names:
        rows.append([name] + [f"{each[w].get(name, 0) * PRICES[name].usd * 1e6:.2f}" for w in WAYS])
    rows.append(["**a million logs**"] + [f"**{usd(each[w]) * 1e6:.2f}**" for w in WAYS])
    logs = 1e6 / assumed.EVENTS_A_LOG
    rows.append([f"a million events, {assumed.EVENTS_A_LOG:,} a log"] + [f"{usd(each[w]) * logs:.4f}" for w in WAYS])
    rows.append(["a million events, 100 a log"] + [f"{usd(each[w]) * 1e4:.4f}" for w in WAYS])
    kept = assumed.SEALED_KB * KB * PRICES["S3 GB"].usd * 1e6
    rows.append([f"keeping a million logs of {assumed.SEALED_KB} KB, a month"] + [f"{kept:.2f}"] * 3)
    return table(["USD for a million logs"] + list(WAYS.values()), rows)


def tier_table():
    sizes = {"16 KB": 16, "64 KB": 64, "128 KB": 128, "256 KB": 256, "1 MB": 1024, "16 MB": 16384, "256 MB": 262144}
    rows = []
    for label, size in sizes.items():
        row = [label]
        for months in (12, 36):
            for tier in (standard, intelligent, deep, straight_to_deep):
                row.append(f"{tier(size * KB, months) * 1e3:.4g}")
        rows.append(row)
    tiers = ("Standard", "intelligent", "deep", "straight to deep")
    return table(["size"] + [f"{tier}, {years}" for years in ("1 year", "3 years") for tier in tiers], rows)


def break_even_table():
    rows = [
        [f"{months} months", f"{break_even_kb(intelligent, months):.0f} KB", f"{break_even_kb(deep, months):.0f} KB",
         f"{break_even_kb(straight_to_deep, months):.0f} KB"]
        for months in (6, 12, 24, 36, 84)
    ]
    return table(["kept for", "intelligent", "deep", "straight to deep"], rows)


def prices_table():
    rows = []
    for name, price in PRICES.items():
        free = amount_of(price.free) if price.free else ""
        rows.append([name, f"{price.usd:.10f}".rstrip("0").rstrip("."), price.unit, free, price.page])
    prices = table(["name", "USD", "for each", "free a month", "page"], rows).replace("---:|---:|---:|---:|", "---:|---|---:|---|")
    return f"Prices of {REGION}, noted {NOTED}:\n\n{prices}"


def assumed_table():
    text = sources.re.findall(r"((?:^#.*\n)*)^([A-Z_]+) = (.+)$", (sources.ROOT / "tests/stack/template/assumed.py").read_text(), flags=re.M)
    rows, said = [], ""
    for comment, name, value in text:
        said = " ".join(line.lstrip("# ") for line in comment.splitlines()) or said
        rows.append([f"`{name}`", f"`{value.split('  #')[0]}`", said])
    return table(["input", "value", "what it is"], rows).replace("---:|---:|", "---:|---|")


TABLES = {
    "at rest": rest_table,
    "parameters": parameters_table,
    "a log": log_table,
    "cold tiers": tier_table,
    "break-even": break_even_table,
    "prices": prices_table,
    "assumptions": assumed_table,
}

if __name__ == "__main__":
    for title, make in TABLES.items():
        print(f"## {title}\n\n{make()}\n")
