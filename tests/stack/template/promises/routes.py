"""The two APIs: which routes there are, and who may call them."""

import sources
from promises import add, change, promise, remove

# What needs no token: the dashboard, the description, and whether the function is there.
PUBLIC = {"GET /", "GET /assets/{proxy+}", "GET /openapi.json", "GET /healthz"}
# Of the dashboard, which the description does not describe.
DASHBOARD = {"GET /", "GET /assets/{proxy+}"}
RECEIPT = "GET /v1/logs/{id}/receipt"


def routes(install):
    found = [r["Properties"] for r in install.of_type("AWS::ApiGatewayV2::Route").values()]
    by_key = {route["RouteKey"]: route for route in found}
    assert len(by_key) == len(found), "a route is there twice"
    return by_key


OPEN = {
    "Type": "AWS::ApiGatewayV2::Route",
    "Properties": {
        "ApiId": {"Ref": "QueryApi"},
        "RouteKey": "$default",
        "Target": {"Fn::Sub": "integrations/${QueryIntegration}"},
        "AuthorizationType": "NONE",
    },
}


@promise(
    add("DefaultRoute", OPEN),
    change("SessionsRoute.Properties.AuthorizationType", "NONE"),
    remove("ReportsRoute.Properties.AuthorizerId"),
    change("LogRoute.Properties.AuthorizationScopes", []),
    remove("RejectsRoute.Properties.AuthorizationScopes"),
    change("DashboardRoute.Properties.AuthorizationType", "JWT"),
)
def only_the_public_routes_need_no_token(install):
    for key, route in routes(install).items():
        if key in PUBLIC:
            assert route["AuthorizationType"] == "NONE" and "AuthorizerId" not in route, key
        else:
            assert route["AuthorizationType"] == "JWT", key
            assert route["AuthorizerId"] == {"Ref": "QueryAuthorizer"}, key
            assert route["AuthorizationScopes"], key
    assert PUBLIC <= set(routes(install))


@promise(
    remove("LedgerRoute"),
    change("ProductsRoute.Properties.RouteKey", "GET /v1/product"),
    change("ReportRoute.Properties.Target", "integrations/none"),
)
def the_query_apis_routes_are_those_of_its_description(install):
    assert set(routes(install)) == set(sources.query_routes()) | DASHBOARD
    for key, route in routes(install).items():
        assert route["Target"] == {"Fn::Sub": "integrations/${QueryIntegration}"}, key
    integration = install.properties("QueryIntegration")
    assert integration["IntegrationUri"] == {"Ref": "QueryFunctionAliaslive"}
    assert integration["PayloadFormatVersion"] == "2.0"


@promise(
    change("LogRoute.Properties.AuthorizationScopes", [{"Fn::If": ["CreatePool", "logbook/read:sessions", "lb/read:sessions"]}]),
    change("ReportsRoute.Properties.AuthorizationScopes", ["logbook/read:reports", "logbook/admin"]),
    remove("PoolScopes.Properties.Scopes[2]"),
)
def a_route_asks_for_the_scope_that_its_description_names_or_for_admin(install):
    own = install.conditions["CreatePool"]
    prefix = "logbook/" if own else install.parameters["JwtScopePrefix"]
    for key, scopes in sources.query_routes().items():
        if scopes is not None:
            wanted = {f"{prefix}{scope}" for scope in {*scopes, "admin"}}
            assert set(routes(install)[key]["AuthorizationScopes"]) == wanted, key
    if own:
        known = {s["ScopeName"] for s in install.properties("PoolScopes")["Scopes"]}
        named = {scope for scopes in sources.query_routes().values() for scope in scopes or []}
        assert known == named | {"admin"}


@promise(
    change("QueryAuthorizer.Properties.JwtConfiguration.Issuer", "https://id.example.com/"),
    change("QueryAuthorizer.Properties.JwtConfiguration.Audience", {"Ref": "JwtAudience"}),
    change("QueryAuthorizer.Properties.AuthorizerType", "REQUEST"),
)
def tokens_are_those_of_the_pool_or_of_the_issuer_that_is_given(install):
    authorizer = install.properties("QueryAuthorizer")
    assert authorizer["AuthorizerType"] == "JWT"
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    config, given = authorizer["JwtConfiguration"], install.parameters
    if given["JwtIssuer"]:
        assert config == {"Issuer": given["JwtIssuer"], "Audience": given["JwtAudience"].split(",")}
        assert "Pool" not in install.resources
    else:
        issuer = {"Fn::Sub": "https://cognito-idp.us-east-1.amazonaws.com/${Pool}"}
        assert config == {"Issuer": issuer, "Audience": [{"Ref": "PoolClient"}]}


@promise(
    change("Pool.Properties.AdminCreateUserConfig.AllowAdminCreateUserOnly", False),
    change("PoolClient.Properties.AllowedOAuthFlows", ["implicit"]),
    change("PoolClient.Properties.ExplicitAuthFlows", ["ALLOW_USER_PASSWORD_AUTH"]),
)
def nobody_signs_up_and_sign_in_is_by_code(install):
    if not install.conditions["CreatePool"]:
        return
    assert install.properties("Pool")["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    client = install.properties("PoolClient")
    assert client["AllowedOAuthFlows"] == ["code"]
    assert set(client["ExplicitAuthFlows"]) == {"ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"}


def upload_body(install):
    paths = install.properties("UploadApi")["Body"]["paths"]
    return {f"{m.upper()} {path}": operation for path, methods in paths.items() for m, operation in methods.items()}


@promise(
    remove("UploadFunction.Properties.Events.Otlp"),
    change("UploadFunction.Properties.Events.Tickets.Properties.Path", "/v1/tickets"),
    change("UploadFunction.Properties.Events.Logs.Properties.Method", "any"),
    remove("QueryFunction.Properties.Events.Receipt"),
)
def the_upload_apis_routes_are_those_of_upload_and_the_receipt(install):
    found = upload_body(install)
    assert set(found) == sources.upload_routes() | {RECEIPT}
    assert sources.described_uploads() == sources.upload_routes()
    assert RECEIPT in sources.query_routes()
    for key, operation in found.items():
        uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
        assert ("QueryFunctionAliaslive" if key == RECEIPT else "UploadFunctionAliaslive") in uri, key


@promise(
    change("UploadApi.Properties.Auth.ApiKeyRequired", False),
    remove("UploadApi.Properties.Auth.UsagePlan.Quota"),
    change("UploadApi.Properties.Auth.UsagePlan.Throttle.RateLimit", 100000),
    remove("UploadApi.Properties.MethodSettings"),
    change("UploadApi.Properties.BinaryMediaTypes", []),
    change("UploadApi.Properties.MethodSettings[0].DataTraceEnabled", True),
)
def uploads_are_bounded_by_a_key_and_its_quota(install):
    for key, operation in upload_body(install).items():
        assert operation["security"] == [{"api_key": []}], key
    given = install.parameters
    plan, = (r["Properties"] for r in install.of_type("AWS::ApiGateway::UsagePlan").values())
    assert plan.get("Quota") == {"Limit": str(given["UploadQuotaPerDay"]), "Period": "DAY"}
    rate, burst = given["UploadRatePerSecond"], given["UploadBurst"]
    assert plan["Throttle"] == {"RateLimit": str(rate), "BurstLimit": str(burst)}
    settings, = install.properties("UploadApiinStage")["MethodSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (rate, burst)
    # Bodies are logs, and stay out of CloudWatch.
    assert settings["DataTraceEnabled"] is False
    # Compressed bodies come through as they are.
    assert install.properties("UploadApi")["Body"]["x-amazon-apigateway-binary-media-types"] == ["*/*"]
