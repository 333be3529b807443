"""The archive, the inbox, keys and secrets."""

from promises import append, change, parameter, promise, remove, statements

RETAINED = ("Key", "HashSecret", "Archive")
BUCKETS = "AWS::S3::Bucket"


@promise(
    change("Archive.DeletionPolicy", "Delete"),
    remove("Key.DeletionPolicy"),
    change("HashSecret.UpdateReplacePolicy", "Delete"),
    change("Cluster.DeletionPolicy", "Delete"),
    remove("Cluster.UpdateReplacePolicy"),
)
def what_cannot_be_made_anew_outlives_the_stack(install):
    for name in RETAINED:
        resource = install.resources[name]
        # On create: a first deployment that fails leaves nothing in the way of the second.
        assert resource.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate"), name
        assert resource.get("UpdateReplacePolicy") == "Retain", name
    for name, cluster in install.of_type("AWS::RDS::DBCluster").items():
        assert cluster.get("DeletionPolicy") == cluster.get("UpdateReplacePolicy") == "Snapshot", name


@promise(
    change("Archive.Properties.VersioningConfiguration.Status", "Suspended"),
    change("Archive.Properties.ObjectLockEnabled", True),
)
def the_archive_is_versioned_and_not_locked(install):
    archive = install.properties("Archive")
    assert archive["VersioningConfiguration"] == {"Status": "Enabled"}
    # A lock would forbid erasure.
    assert not any(key.startswith("ObjectLock") for key in archive)


def encryption(bucket):
    rule, = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    return rule


@promise(
    change("Archive.Properties.BucketEncryption.ServerSideEncryptionConfiguration[0].BucketKeyEnabled", False),
    change(
        "Lake.Properties.BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault",
        {"SSEAlgorithm": "AES256"},
    ),
    remove("Inbox.Properties.BucketEncryption.ServerSideEncryptionConfiguration[0]"),
)
def buckets_are_encrypted_and_those_that_last_by_our_key(install):
    for name, bucket in install.of_type(BUCKETS).items():
        assert bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"], name
        rule = encryption(bucket["Properties"])
        if name != "Inbox":
            assert rule.get("BucketKeyEnabled") is True, name
            assert rule["ServerSideEncryptionByDefault"] == {
                "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}}


@promise(
    change("Archive.Properties.PublicAccessBlockConfiguration.BlockPublicPolicy", False),
    remove("Inbox.Properties.OwnershipControls"),
)
def no_bucket_can_be_made_public(install):
    for name, bucket in install.of_type(BUCKETS).items():
        block = bucket["Properties"].get("PublicAccessBlockConfiguration", {})
        assert len(block) == 4 and all(v is True for v in block.values()), name
        assert bucket["Properties"].get("OwnershipControls") == {
            "Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}, name


def policy_of(install, bucket):
    found = install.of_type("AWS::S3::BucketPolicy").values()
    policy, = [p["Properties"] for p in found if p["Properties"]["Bucket"] == {"Ref": bucket}]
    return statements(policy)


@promise(
    remove("ArchivePolicy.Properties.PolicyDocument.Statement[0]"),
    remove("InboxPolicy.Properties.PolicyDocument.Statement[0].Condition"),
    change("InboxPolicy.Properties.PolicyDocument.Statement[0].Resource", {"Fn::GetAtt": ["Inbox", "Arn"]}),
    change("LakePolicy.Properties.PolicyDocument.Statement[0].Effect", "Allow"),
)
def buckets_speak_tls_only(install):
    for name in install.of_type(BUCKETS):
        denied = [s for s in policy_of(install, name) if s.get("Sid") == "TlsOnly"]
        assert len(denied) == 1, name
        assert (denied[0]["Effect"], denied[0]["Principal"], denied[0]["Action"]) == ("Deny", "*", ["s3:*"])
        assert denied[0]["Resource"] == [{"Fn::GetAtt": [name, "Arn"]}, {"Fn::Sub": f"${{{name}.Arn}}/*"}], name
        assert denied[0].get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}


def shut(install):
    """The statement that keeps sealed logs inside, and no other denies anything."""
    tls, inside = policy_of(install, "Archive")
    assert tls["Sid"] == "TlsOnly"
    return inside


INSIDE = "ArchivePolicy.Properties.PolicyDocument.Statement[1]"


@promise(
    remove(INSIDE),
    change(f"{INSIDE}.Action", ["s3:GetObject*", "s3:ListBucket"]),
    change(f"{INSIDE}.Action", "s3:*"),
    change(f"{INSIDE}.Action", "s3:GetObject"),
    change(f"{INSIDE}.Resource", {"Fn::Sub": "${Archive.Arn}/*"}),
    append("ArchivePolicy.Properties.PolicyDocument.Statement", {
        "Effect": "Deny", "Principal": "*", "Action": "s3:PutBucketPolicy", "Resource": {"Fn::GetAtt": ["Archive", "Arn"]}}),
)
def reading_sealed_logs_is_denied_and_nothing_else(install):
    assert len(policy_of(install, "Archive")) == 2
    inside = shut(install)
    assert (inside["Effect"], inside["Principal"]) == ("Deny", "*")
    assert inside["Action"] == ["s3:GetObject*"]
    assert inside["Resource"] == [{"Fn::Sub": "${Archive.Arn}/archive/*"}]


@promise(
    remove(f"{INSIDE}.Condition.StringNotEqualsIfExists"),
    remove(f"{INSIDE}.Condition.ArnNotLike"),
    append(f"{INSIDE}.Condition.ArnNotLike.'aws:PrincipalArn'", {"Fn::GetAtt": ["SweepRole", "Arn"]}),
    append(f"{INSIDE}.Condition.ArnNotLike.'aws:PrincipalArn'", "arn:aws:iam::111122223333:role/*"),
)
def sealed_logs_are_read_through_the_endpoint_or_by_roles_that_are_named(install):
    condition = dict(shut(install)["Condition"])
    inside = condition.pop("StringNotEqualsIfExists", {})
    roles = ["UploadRole", "IntakeRole"]
    if install.parameters["Network"] == "create":
        assert inside == {"aws:SourceVpce": {"Ref": "S3Endpoint"}}
    elif install.parameters["S3EndpointId"]:
        assert inside == {"aws:SourceVpce": install.parameters["S3EndpointId"]}
    else:
        assert inside == {}
        roles += ["ParseRole", "QueryRole"]
    named = [{"Fn::GetAtt": [role, "Arn"]} for role in roles]
    if install.parameters["BreakGlassRoleArn"]:
        named.insert(2, install.parameters["BreakGlassRoleArn"])
    assert condition == {"ArnNotLike": {"aws:PrincipalArn": named}}


@promise(
    change("Archive.Properties.LifecycleConfiguration.Rules[4].Fn::If[1].ObjectSizeGreaterThan", "0"),
    change("Archive.Properties.LifecycleConfiguration.Rules[4].Fn::If[0]", "CreatePool"),
    append("Archive.Properties.LifecycleConfiguration.Rules", {
        "Id": "gone", "Status": "Enabled", "ExpirationInDays": 400}),
    parameter("DeepArchiveDays", 90, key="MinValue"),
)
def logs_stay_and_only_large_and_old_ones_go_to_a_cold_tier(install):
    rules = install.properties("Archive")["LifecycleConfiguration"]["Rules"]
    gone = [rule.get("Prefix") for rule in rules if "ExpirationInDays" in rule or "ExpirationDate" in rule]
    assert gone == ["state/bulk/", "state/notices/"]
    cold = [rule for rule in rules if "Transitions" in rule]
    tier = install.parameters["ColdTier"]
    assert len(cold) == (0 if tier == "none" else 1)
    for rule in cold:
        assert (rule["Prefix"], rule["ObjectSizeGreaterThan"]) == ("archive/", "131072")
        classes = [t["StorageClass"] for t in rule["Transitions"]]
        assert classes == ["INTELLIGENT_TIERING"] + (["DEEP_ARCHIVE"] if tier == "deep" else [])
    assert install.source["Parameters"]["DeepArchiveDays"]["MinValue"] >= 365


@promise(
    change("Inbox.Properties.LifecycleConfiguration.Rules[0].ExpirationInDays", 30),
    remove("Inbox.Properties.LifecycleConfiguration.Rules[0].AbortIncompleteMultipartUpload"),
    change("Inbox.Properties.VersioningConfiguration", {"Status": "Enabled"}),
    remove("Archive.Properties.LifecycleConfiguration.Rules[0]"),
)
def the_inbox_is_short_lived_and_broken_uploads_go(install):
    inbox = install.properties("Inbox")
    assert "VersioningConfiguration" not in inbox
    rule, = inbox["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled" and rule["ExpirationInDays"] == 7
    for name, bucket in install.of_type(BUCKETS).items():
        rules = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
        assert any("AbortIncompleteMultipartUpload" in rule for rule in rules), name


@promise(
    change("Inbox.Properties.NotificationConfiguration.LambdaConfigurations[0].Event", "s3:ObjectCreated:Put"),
    remove("Archive.Properties.NotificationConfiguration"),
    change("Archive.Properties.NotificationConfiguration.LambdaConfigurations[0].Filter.S3Key.Rules[0].Value", ""),
    remove("InboxMayInvokeIntake.Properties.SourceAccount"),
    remove("Archive.DependsOn"),
)
def both_buckets_tell_intake_of_every_new_object(install):
    for bucket, prefix in {"Archive": "archive/", "Inbox": "inbox/"}.items():
        told, *others = install.properties(bucket).get("NotificationConfiguration", {}).get("LambdaConfigurations", [{}])
        assert len(others) == (bucket == "Archive" and install.conditions["HasSlack"])
        assert told.get("Event") == "s3:ObjectCreated:*", bucket
        assert told["Function"] == {"Ref": "IntakeFunctionAliaslive"}
        assert told["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": prefix}]
        permission = f"{bucket}MayInvokeIntake"
        assert install.resources[bucket].get("DependsOn") == permission
        may = install.properties(permission)
        assert may["SourceArn"] == "arn:aws:s3:::" + install.properties(bucket)["BucketName"]
        assert may.get("SourceAccount") == "111122223333" and may["Principal"] == "s3.amazonaws.com"


@promise(
    change("Archive.Properties.NotificationConfiguration.LambdaConfigurations[1].Fn::If[1].Filter.S3Key.Rules[0].Value", ""),
    remove("ArchiveMayInvokeNotify.Properties.SourceAccount"),
    remove("Archive.Properties.Tags"),
)
def the_archive_tells_notify_of_every_notice(install):
    if not install.conditions["HasSlack"]:
        return
    archive, may = install.properties("Archive"), install.properties("ArchiveMayInvokeNotify")
    told = archive["NotificationConfiguration"]["LambdaConfigurations"][1]
    assert told["Function"] == may["FunctionName"] == {"Ref": "NotifyFunctionAliaslive"}
    assert told["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "state/notices/"}]
    assert may["SourceArn"] == "arn:aws:s3:::" + archive["BucketName"]
    assert may.get("SourceAccount") == "111122223333" and may["Principal"] == "s3.amazonaws.com"
    # S3 asks whether it may before the bucket is made.
    assert {"Ref": "ArchiveMayInvokeNotify"} in [tag["Value"] for tag in archive.get("Tags", [])]


@promise(
    change("Key.Properties.EnableKeyRotation", False),
    append("Key.Properties.KeyPolicy.Statement", {
        "Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}),
)
def the_key_is_the_accounts_alone(install):
    key = install.properties("Key")
    assert key["EnableKeyRotation"] is True
    only, = key["KeyPolicy"]["Statement"]
    assert only["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
