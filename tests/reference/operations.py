"""Reports on operations (docs/reports.md): what was delivered, and what became of it."""

from asking import Answer

OUTCOMES = ("parsed", "duplicate", "rejected", "erased")


def ledger(database, ask):
    between = f"day BETWEEN DATE '{ask.first}' AND DATE '{ask.last}'"
    if "reason" in ask.by:
        rows = database.execute(f"""
            SELECT day, reason, count(*) FROM delivery WHERE outcome = 'rejected' AND {between}
            GROUP BY ALL ORDER BY day, reason""").fetchall()
        return Answer([{"day": day, "reason": reason, "rejected": count} for day, reason, count in rows])
    counted = ", ".join(f"count(*) FILTER (outcome = '{outcome}')" for outcome in OUTCOMES)
    rows = database.execute(f"""
        SELECT day, count(*), {counted} FROM delivery WHERE {between} GROUP BY ALL ORDER BY day""").fetchall()
    names = ("day", "received", *OUTCOMES)
    settled = {"pending": 0, "lost": 0, "balanced": True}
    return Answer([{**dict(zip(names, row)), **settled} for row in rows])


def freshness(database, ask):
    """Of a product of which nothing is on its way; its instants are looked at apart."""
    rejected = database.execute(f"""
        SELECT count(*) FROM delivery WHERE outcome = 'rejected'
        AND day BETWEEN DATE '{ask.first}' AND DATE '{ask.last}'""").fetchone()[0]
    return Answer([{
        "oldest_log_pending": None, "oldest_day_pending": None, "days_pending": 0, "logs_pending": 0,
        "logs_rejected": rejected}])
