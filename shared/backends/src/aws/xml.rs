//! Answers in XML: what is known to be in them is taken out, all else is passed over.

use std::collections::BTreeMap;

use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};

pub(super) use aws_smithy_xml::decode::XmlDecodeError as XmlError;

/// An element, whose children come one after the other.
pub(super) type Element<'inp, 'a> = ScopedDecoder<'inp, 'a>;

/// Calls `found` with each element at a path below the root of a document, which must be whole:
/// the decoder itself takes a document that breaks off for one that ends.
pub(super) fn each_in(
    document: &str,
    path: &[&str],
    found: &mut dyn FnMut(&mut Element<'_, '_>) -> Result<(), XmlDecodeError>,
) -> Result<(), XmlDecodeError> {
    let mut decoder = Document::new(document);
    let mut root = decoder.root_element()?;
    let end = format!("</{}>", root.start_el().local());
    if !document.trim_end().ends_with(&end) {
        return Err(XmlDecodeError::custom("the document breaks off"));
    }
    each(&mut root, path, found)
}

/// Calls `found` with each element at a path below another.
pub(super) fn each(
    element: &mut Element<'_, '_>,
    path: &[&str],
    found: &mut dyn FnMut(&mut Element<'_, '_>) -> Result<(), XmlDecodeError>,
) -> Result<(), XmlDecodeError> {
    let Some((first, rest)) = path.split_first() else {
        return found(element);
    };
    while let Some(mut child) = element.next_tag() {
        if child.start_el().local() == *first {
            each(&mut child, rest, found)?;
        }
    }
    Ok(())
}

/// The texts of those children that have one of the names.
pub(super) fn texts<'n>(
    element: &mut Element<'_, '_>,
    names: &[&'n str],
) -> Result<BTreeMap<&'n str, String>, XmlDecodeError> {
    let mut texts = BTreeMap::new();
    while let Some(mut child) = element.next_tag() {
        let name = names.iter().find(|name| **name == child.start_el().local());
        if let Some(name) = name {
            texts.insert(*name, text(&mut child)?);
        }
    }
    Ok(texts)
}

/// An element's text.
pub(super) fn text(element: &mut Element<'_, '_>) -> Result<String, XmlDecodeError> {
    try_data(element).map(std::borrow::Cow::into_owned)
}
