//! What CloudWatch says of an alarm's change, in the message that SNS carries.
//!
//! Source: Amazon CloudWatch user guide, notifications of alarms by Amazon SNS. Only what is
//! shown is read: the rest differs between alarms of one metric, of expressions, and composite
//! ones.

use serde::Deserialize;

/// A change of an alarm.
#[derive(Debug, Deserialize)]
pub(crate) struct Alarm {
    #[serde(rename = "AlarmName")]
    pub(crate) name: String,
    #[serde(rename = "AlarmDescription", default)]
    pub(crate) description: Option<String>,
    #[serde(rename = "NewStateValue")]
    pub(crate) state: String,
    #[serde(rename = "NewStateReason", default)]
    pub(crate) reason: String,
    #[serde(rename = "StateChangeTime", default)]
    pub(crate) changed_at: String,
    #[serde(rename = "Region", default)]
    pub(crate) region: String,
    /// Its Amazon Resource Name; the console's address is made of it.
    #[serde(rename = "AlarmArn", default)]
    pub(crate) arn: String,
}

impl Alarm {
    /// The alarm of a message, if it is about one.
    pub(crate) fn read(message: &str) -> Option<Self> {
        serde_json::from_str(message).ok()
    }

    /// Where the console shows it. The region's code is in the ARN; `Region` is its long name.
    pub(crate) fn address(&self) -> Option<String> {
        let region = self.arn.split(':').nth(3).filter(|code| !code.is_empty())?;
        let name = self.arn.split(':').nth(6)?;
        let plain = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        };
        (plain(region) && plain(name)).then(|| {
            format!(
                "https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#alarmsV2:alarm/{name}"
            )
        })
    }
}
