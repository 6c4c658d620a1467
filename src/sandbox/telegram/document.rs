//! `sendDocument`: a file with a caption.

use serde_json::Value;

use super::{
    html,
    model::ShownDocument,
    params::{ApiError, Params},
    send,
    world::World,
};

/// The longest caption, counted as texts are.
const LONGEST_CAPTION: usize = 1024;

pub(super) fn send_document(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    world.writable(send::chat_id(params)?)?;
    let styled = send::styled(params, "caption")?;
    if html::utf16_len(&styled.text) > LONGEST_CAPTION {
        return Err(ApiError::bad("message caption is too long"));
    }
    // Files by id or address aren't known here.
    let file = params.0.get("document").filter(|file| file.is_object());
    let file = file.ok_or_else(|| ApiError::bad("there is no document in the request"))?;
    let text = |name: &str| file[name].as_str().unwrap_or_default().to_owned();
    let document = ShownDocument { file_name: text("file_name"), mime_type: text("mime_type"), text: text("text") };
    if document.text.is_empty() {
        return Err(ApiError::bad("file must be non-empty"));
    }
    send::place(world, params, styled, Some(document))
}
