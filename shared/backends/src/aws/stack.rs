//! A deployed stack: what it says of itself, and what operators ask of its surroundings.

use std::collections::BTreeMap;
use std::time::Duration;

use super::request::{Answer, Request};
use super::xml::{XmlError, each, each_in, text, texts};
use super::{AwsClients, Call};
use crate::{Error, Result};

const QUICK: Duration = Duration::from_secs(15);
/// As long as a function may run.
const LONGEST: Duration = Duration::from_secs(905);
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// A stack as CloudFormation describes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StackDescription {
    /// `CREATE_COMPLETE`, `UPDATE_ROLLBACK_COMPLETE` and the like.
    pub status: String,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
}

/// An alarm that fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiringAlarm {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
}

/// What came of calling a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invoked {
    /// It did what it was asked.
    Done,
    /// It failed; its own words.
    Failed(String),
}

impl AwsClients {
    /// Describes a stack of CloudFormation by its name; `None` if there is none of it here.
    pub async fn describe_stack(&self, name: &str) -> Result<Option<StackDescription>> {
        let call = Call {
            service: "cloudformation",
            action: "describe the stack",
        };
        let fields = [
            ("Action", "DescribeStacks"),
            ("Version", "2010-05-15"),
            ("StackName", name),
        ];
        let body = match self.query(call, &fields).await {
            Ok(answer) => answer.body,
            // That is what it says of a name that is nobody's.
            Err(Error::Service { code, .. }) if code == "ValidationError" => return Ok(None),
            Err(error) => return Err(error),
        };
        description(&body).map_err(|error| call.error("BadAnswer", error.to_string()))
    }

    /// The alarms that fire now, of those whose names begin so. A page is enough: a stack has
    /// fewer than the hundred that it holds.
    pub async fn firing_alarms(&self, prefix: &str) -> Result<Vec<FiringAlarm>> {
        let call = Call {
            service: "monitoring",
            action: "list the alarms",
        };
        let fields = [
            ("Action", "DescribeAlarms"),
            ("Version", "2010-08-01"),
            ("AlarmNamePrefix", prefix),
            ("StateValue", "ALARM"),
            ("MaxRecords", "100"),
        ];
        let body = self.query(call, &fields).await?.body;
        alarms(&body).map_err(|error| call.error("BadAnswer", error.to_string()))
    }

    /// The value of an API key of API Gateway, by its id.
    pub async fn api_key(&self, id: &str) -> Result<String> {
        let call = Call {
            service: "apigateway",
            action: "get the API key",
        };
        let request = Request {
            method: "GET",
            path: format!("/apikeys/{}?includeValue=true", encode(id)),
            content_type: JSON,
            body: String::new(),
            timeout: QUICK,
        };
        let answer = self.0.requests.send(call, &request).await?;
        let answer: serde_json::Value = serde_json::from_str(&answer.body)
            .map_err(|error| call.error("BadAnswer", error.to_string()))?;
        let value = answer.get("value").and_then(serde_json::Value::as_str);
        value
            .map(str::to_owned)
            .ok_or_else(|| call.error("BadAnswer", "it has no value"))
    }

    /// Calls a function of Lambda with an event, and waits for its answer. `function` is its
    /// name or its ARN, with or without `:ALIAS`.
    pub async fn invoke(&self, function: &str, event: &str) -> Result<Invoked> {
        let call = Call {
            service: "lambda",
            action: "call the function",
        };
        let (name, qualifier) = function_name(function);
        let query = qualifier.map(|alias| format!("?Qualifier={}", encode(alias)));
        let (name, query) = (encode(name), query.unwrap_or_default());
        let request = Request {
            method: "POST",
            path: format!("/2015-03-31/functions/{name}/invocations{query}"),
            content_type: JSON,
            body: event.to_owned(),
            timeout: LONGEST,
        };
        let answer = self.0.requests.send(call, &request).await?;
        Ok(match answer.function_error {
            None => Invoked::Done,
            Some(kind) => Invoked::Failed(words(&answer.body).unwrap_or(kind)),
        })
    }

    /// Asks a service that speaks the query protocol.
    async fn query(&self, call: Call, fields: &[(&str, &str)]) -> Result<Answer> {
        let fields = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)));
        let request = Request {
            method: "POST",
            path: "/".to_owned(),
            content_type: FORM,
            body: fields.collect::<Vec<_>>().join("&"),
            timeout: QUICK,
        };
        self.0.requests.send(call, &request).await
    }
}

fn description(body: &str) -> std::result::Result<Option<StackDescription>, XmlError> {
    let mut found = None;
    let path = ["DescribeStacksResult", "Stacks", "member"];
    each_in(body, &path, &mut |member| {
        let mut stack = StackDescription::default();
        while let Some(mut child) = member.next_tag() {
            match child.start_el().local() {
                "StackStatus" => stack.status = text(&mut child)?,
                "Outputs" => each(&mut child, &["member"], &mut |output| {
                    let mut said = texts(output, &["OutputKey", "OutputValue"])?;
                    if let Some(key) = said.remove("OutputKey") {
                        let value = said.remove("OutputValue").unwrap_or_default();
                        stack.outputs.insert(key, value);
                    }
                    Ok(())
                })?,
                _ => {}
            }
        }
        found.get_or_insert(stack);
        Ok(())
    })?;
    Ok(found)
}

fn alarms(body: &str) -> std::result::Result<Vec<FiringAlarm>, XmlError> {
    let mut found = Vec::new();
    let path = ["DescribeAlarmsResult", "MetricAlarms", "member"];
    each_in(body, &path, &mut |member| {
        let mut said = texts(member, &["AlarmName", "AlarmDescription"])?;
        found.push(FiringAlarm {
            name: said.remove("AlarmName").unwrap_or_default(),
            description: said.remove("AlarmDescription").unwrap_or_default(),
        });
        Ok(())
    })?;
    Ok(found)
}

/// A function's name and alias, out of its ARN or its name.
fn function_name(function: &str) -> (&str, Option<&str>) {
    let own = match function.split_once(":function:") {
        Some((_, own)) => own,
        None => function,
    };
    match own.split_once(':') {
        Some((name, alias)) => (name, Some(alias)),
        None => (own, None),
    }
}

/// What a function that failed says.
fn words(body: &str) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    let message = body.get("errorMessage")?.as_str()?;
    Some(message.chars().take(500).collect())
}

/// Percent-encodes all but what RFC 3986 leaves unreserved.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As CloudFormation answers, shortened.
    const STACK: &str = r#"<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
  <DescribeStacksResult>
    <Stacks>
      <member>
        <StackName>prod</StackName>
        <Parameters><member><ParameterKey>Stage</ParameterKey><ParameterValue>prod</ParameterValue></member></Parameters>
        <Outputs>
          <member><Description>Base</Description><OutputKey>UploadUrl</OutputKey><OutputValue>https://a.example/in?x=1&amp;y=2</OutputValue></member>
          <member><OutputKey>Empty</OutputKey><OutputValue/></member>
        </Outputs>
        <StackStatus>UPDATE_COMPLETE</StackStatus>
      </member>
    </Stacks>
  </DescribeStacksResult>
</DescribeStacksResponse>"#;

    #[test]
    fn a_stack_is_its_status_and_its_outputs() {
        let stack = description(STACK).unwrap().unwrap();
        assert_eq!(stack.status, "UPDATE_COMPLETE");
        assert_eq!(stack.outputs["UploadUrl"], "https://a.example/in?x=1&y=2");
        assert_eq!(stack.outputs["Empty"], "");
        assert_eq!(stack.outputs.len(), 2);
    }

    #[test]
    fn alarms_come_with_what_they_are_about() {
        let body = "<DescribeAlarmsResponse><DescribeAlarmsResult><MetricAlarms><member>\
            <AlarmName>prod-parse-dead-letters-alarm</AlarmName><AlarmDescription>Logs that \
            could not be parsed</AlarmDescription><Dimensions><member><Name>q</Name></member>\
            </Dimensions><StateValue>ALARM</StateValue></member></MetricAlarms>\
            <CompositeAlarms/></DescribeAlarmsResult></DescribeAlarmsResponse>";
        let alarms = alarms(body).unwrap();
        assert_eq!(alarms.len(), 1);
        assert_eq!(alarms[0].name, "prod-parse-dead-letters-alarm");
        assert_eq!(alarms[0].description, "Logs that could not be parsed");
    }

    #[test]
    fn what_is_no_xml_is_an_error() {
        assert!(description("{}").is_err());
        assert!(alarms("<DescribeAlarmsResponse>").is_err());
    }

    #[test]
    fn a_function_is_named_by_its_name_or_its_arn() {
        let arn = "arn:aws:lambda:eu-central-1:123456789012:function:prod-intake:live";
        assert_eq!(function_name(arn), ("prod-intake", Some("live")));
        assert_eq!(function_name("prod-intake"), ("prod-intake", None));
    }
}
