"""What prices are multiplied with and the template does not say. Assumptions, until you measure yours.

The durations are billed milliseconds, as the REPORT lines of the functions' logs say them; `bench/` and
tests/ measure the same code on other machines, which is no measure of Lambda.
"""

# Billed milliseconds of a scheduled run that finds nothing to do, or next to nothing.
IDLE_MS = {"analyze": 200, "intake": 200, "sweep": 20_000}
# Requests to S3 of such a run: lists, and objects read.
IDLE_LISTS = {"analyze": 2, "intake": 1, "sweep": 3}
IDLE_GETS = {"analyze": 3, "intake": 0, "sweep": 3}
# A function that is called seldom starts anew, and then reads a secret.
COLD_STARTS_A_MONTH = 3_000

# How long a run of sweep keeps the cluster awake: the pause comes after DatabaseAutoPauseSecs, and
# about one more minute; at the least capacity there is above zero.
AWAKE_SECS_BEYOND_PAUSE = 60
AWAKE_ACU = 0.5
# The empty schemas, and a little.
DATABASE_GB = 1.0

# Bytes that an invocation writes to CloudWatch: start, end, report, a line or two and metrics.
LOG_BYTES_A_RUN = 3_000

# Billed milliseconds for one log of the size below.
UPLOAD_MS = 60
INTAKE_MS = 40
INTAKE_FROM_INBOX_MS = 150
PARSE_MS = 60
# Logs a batch of parse, when logs come steadily.
LOGS_A_BATCH = 5
# Logs that one data key seals: at most five minutes' worth of one container.
LOGS_A_DATA_KEY = 100
# S3 asks KMS for a bucket key about so often: once in so many puts or gets.
REQUESTS_A_BUCKET_KEY = 100
# X-Ray records the first request of a second and one in twenty of the others.
TRACED = 0.05

# A log: what is kept in the archive, and what is in it.
SEALED_KB = 50
EVENTS_A_LOG = 1_000
