//! An S3 bucket.

use std::ops::Range;
use std::time::Duration;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::EncodingType;
use logbook_model::Timestamp;

use super::s3_headers;
use super::{Head, Listed, Metadata, Object, Page, PresignedPut, Put, PutOutcome, key};
use crate::aws::{AwsClients, Call, status_of, timeouts};
use crate::{Error, Result};

/// How often a put is tried that S3 refuses because another is under way.
const CONFLICT_ATTEMPTS: u32 = 4;
const CONFLICT_PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, Clone)]
pub(super) struct S3Store {
    clients: AwsClients,
    bucket: String,
}

const fn call(action: &'static str) -> Call {
    Call {
        service: "s3",
        action,
    }
}

impl S3Store {
    pub(super) fn new(clients: &AwsClients, bucket: String) -> Self {
        Self {
            clients: clients.clone(),
            bucket,
        }
    }

    pub(super) async fn put(
        &self,
        key: &str,
        body: Vec<u8>,
        metadata: &Metadata,
        condition: &Put,
    ) -> Result<PutOutcome> {
        key::check(key)?;
        let body = bytes::Bytes::from(body);
        let mut attempt = 1;
        loop {
            let put = self.put_request(key, metadata, condition);
            let put = put.body(ByteStream::from(body.clone())).customize();
            let error = match put.config_override(time_for(body.len())).send().await {
                Ok(put) => {
                    let etag = unquoted(put.e_tag());
                    return Ok(PutOutcome::Created { etag });
                }
                Err(error) => error,
            };
            match status_of(&error) {
                Some(412) => return Ok(PutOutcome::Exists),
                // What is to be replaced is gone.
                Some(404) if matches!(condition, Put::IfMatch(_)) && is_no_such_key(&error) => {
                    return Ok(PutOutcome::Exists);
                }
                // Another put of the same key has not ended yet.
                Some(409) if attempt < CONFLICT_ATTEMPTS => {
                    tokio::time::sleep(CONFLICT_PAUSE * attempt).await;
                }
                _ => return Err(call("put an object").failed(&error)),
            }
            attempt += 1;
        }
    }

    fn put_request(
        &self,
        key: &str,
        metadata: &Metadata,
        condition: &Put,
    ) -> PutObjectFluentBuilder {
        let put = self.clients.s3().put_object().bucket(&self.bucket).key(key);
        let put = put.set_metadata(Some(s3_headers::encode(metadata).collect()));
        match condition {
            Put::Always => put,
            Put::IfAbsent => put.if_none_match("*"),
            Put::IfMatch(etag) => put.if_match(format!("\"{etag}\"")),
        }
    }

    pub(super) async fn get(&self, key: &str, max: u64) -> Result<Option<Object>> {
        key::check(key)?;
        let call = call("get an object");
        let get = self.clients.s3().get_object().bucket(&self.bucket).key(key);
        let got = match get.send().await {
            Ok(got) => got,
            Err(error) if is_no_such_key(&error) => return Ok(None),
            Err(error) => return Err(call.failed(&error)),
        };
        let size = size_of(call, got.content_length())?;
        if size > max {
            return Err(Error::TooLarge { size, max });
        }
        Ok(Some(Object {
            metadata: s3_headers::decode(got.metadata().into_iter().flatten()),
            etag: unquoted(got.e_tag()),
            created_at: timestamp(got.last_modified()),
            size,
            body: read(call, got.body, size).await?,
        }))
    }

    pub(super) async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        key::check(key)?;
        let call = call("get part of an object");
        if range.is_empty() {
            return Ok(self.head(key).await?.map(|_| Vec::new()));
        }
        let get = self.clients.s3().get_object().bucket(&self.bucket).key(key);
        let bytes = format!("bytes={}-{}", range.start, range.end - 1);
        let got = match get.range(bytes).send().await {
            Ok(got) => got,
            Err(error) if is_no_such_key(&error) => return Ok(None),
            // Nothing of the object lies in the range.
            Err(error) if status_of(&error) == Some(416) => return Ok(Some(Vec::new())),
            Err(error) => return Err(call.failed(&error)),
        };
        let size = size_of(call, got.content_length())?;
        let max = range.end - range.start;
        if size > max {
            return Err(Error::TooLarge { size, max });
        }
        read(call, got.body, size).await.map(Some)
    }

    pub(super) async fn head(&self, key: &str) -> Result<Option<Head>> {
        key::check(key)?;
        let call = call("look at an object");
        let head = self
            .clients
            .s3()
            .head_object()
            .bucket(&self.bucket)
            .key(key);
        let head = match head.send().await {
            Ok(head) => head,
            // No code comes with an answer that has no body; a bucket that is missing is also
            // 404, and shows with the next call that has one.
            Err(error) if status_of(&error) == Some(404) => return Ok(None),
            Err(error) => return Err(call.failed(&error)),
        };
        Ok(Some(Head {
            metadata: s3_headers::decode(head.metadata().into_iter().flatten()),
            etag: unquoted(head.e_tag()),
            created_at: timestamp(head.last_modified()),
            size: size_of(call, head.content_length())?,
        }))
    }

    pub(super) async fn delete(&self, key: &str) -> Result<()> {
        key::check(key)?;
        let delete = self
            .clients
            .s3()
            .delete_object()
            .bucket(&self.bucket)
            .key(key);
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(call("remove an object").failed(&error)),
        }
    }

    pub(super) async fn delete_if(&self, key: &str, etag: &str) -> Result<bool> {
        key::check(key)?;
        let delete = self
            .clients
            .s3()
            .delete_object()
            .bucket(&self.bucket)
            .key(key);
        match delete.if_match(format!("\"{etag}\"")).send().await {
            Ok(_) => Ok(true),
            Err(error) if is_no_such_key(&error) => Ok(true),
            Err(error) if status_of(&error) == Some(412) => Ok(false),
            Err(error) => Err(call("remove an object").failed(&error)),
        }
    }

    pub(super) async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        max: usize,
    ) -> Result<Page> {
        let list = self.clients.s3().list_objects_v2().bucket(&self.bucket);
        let listed = list
            .prefix(prefix)
            .set_start_after(start_after.map(str::to_owned))
            .max_keys(i32::try_from(max).unwrap_or(i32::MAX))
            // Keys may hold what XML cannot say, and one of them would spoil the page.
            .encoding_type(EncodingType::Url)
            .send()
            .await
            .map_err(|error| call("list objects").failed(&error))?;
        let is_encoded = listed.encoding_type() == Some(&EncodingType::Url);
        let objects = listed.contents().iter().map(|object| {
            let key = object.key().unwrap_or_default();
            Listed {
                key: if is_encoded {
                    decoded(key)
                } else {
                    key.to_owned()
                },
                size: object
                    .size()
                    .and_then(|size| u64::try_from(size).ok())
                    .unwrap_or(0),
                etag: unquoted(object.e_tag()),
                created_at: timestamp(object.last_modified()),
            }
        });
        Ok(Page {
            objects: objects.collect(),
            more: listed.is_truncated() == Some(true),
        })
    }

    /// The body's checksum is not signed: nobody knows it yet.
    pub(super) async fn presign_put(
        &self,
        key: &str,
        bytes: u64,
        metadata: &Metadata,
        now: Timestamp,
        valid: Duration,
    ) -> Result<PresignedPut> {
        use aws_sdk_s3::config::{Builder, RequestChecksumCalculation};
        key::check(key)?;
        let call = call("sign a put");
        let start = Duration::from_micros(u64::try_from(now.0).unwrap_or(0));
        let presigning = PresigningConfig::builder()
            .start_time(std::time::UNIX_EPOCH + start)
            .expires_in(valid)
            .build()
            .map_err(|error| call.error("NotSigned", error.to_string()))?;
        let unchecked =
            Builder::new().request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        let signed = self
            .put_request(key, metadata, &Put::IfAbsent)
            .content_length(i64::try_from(bytes).unwrap_or(i64::MAX))
            .customize()
            .config_override(unchecked)
            // In Lambda the SDK adds the header of the trace at hand, which is nobody else's to send.
            .mutate_request(|request| {
                request.headers_mut().remove("x-amzn-trace-id");
            })
            .presigned(presigning)
            .await
            .map_err(|error| call.failed(&error))?;
        Ok(PresignedPut {
            url: signed.uri().to_owned(),
            headers: signed
                .headers()
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
        })
    }
}

/// The time that the put of so many bytes may take: 5 MiB a second, and what every request has.
fn time_for(bytes: usize) -> aws_sdk_s3::config::Builder {
    let attempt = 10 + (bytes as u64 >> 20) / 5;
    aws_sdk_s3::config::Builder::new().timeout_config(timeouts(attempt, attempt * 5 / 2))
}

/// Whether it is the object that is missing, not the bucket.
fn is_no_such_key<E>(error: &SdkError<E, aws_sdk_s3::config::http::HttpResponse>) -> bool
where
    E: aws_sdk_s3::error::ProvideErrorMetadata,
{
    crate::aws::code_of(error) == Some("NoSuchKey")
}

/// Reads a body of a known size, and never more than that.
async fn read(call: Call, mut body: ByteStream, size: u64) -> Result<Vec<u8>> {
    let broken = |detail: &str| call.error("BrokenBody", detail);
    let mut bytes = Vec::with_capacity(size as usize);
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| broken(&error.to_string()))?;
        if (bytes.len() + chunk.len()) as u64 > size {
            return Err(broken("it is longer than was said"));
        }
        bytes.extend_from_slice(&chunk);
    }
    if (bytes.len() as u64) < size {
        return Err(broken("it is shorter than was said"));
    }
    Ok(bytes)
}

fn size_of(call: Call, length: Option<i64>) -> Result<u64> {
    length
        .and_then(|length| u64::try_from(length).ok())
        .ok_or_else(|| call.error("BadAnswer", "no length is given"))
}

fn unquoted(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

fn timestamp(at: Option<&DateTime>) -> Timestamp {
    let micros = at.map_or(0, |at| at.as_nanos() / 1000);
    Timestamp(i64::try_from(micros).unwrap_or(0))
}

/// A key out of a listing: percent-encoded, with `+` for a blank.
fn decoded(key: &str) -> String {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        rest = after;
        bytes.push(match (byte, escaped) {
            (b'+', _) => b' ',
            (b'%', Some(escaped)) => {
                rest = &after[2..];
                escaped
            }
            (other, _) => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
