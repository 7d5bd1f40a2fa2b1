//! Puts `wasi:http` into the linker, with bounds on what the library keeps of a request without any, and without what it
//! would write to the host's log for every wrong request.

use wasmtime::component::{Linker, Resource};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::add_only_http_to_linker_sync;
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler::Host as _;
use wasmtime_wasi_http::p2::bindings::http::types::{
    ErrorCode, Host as _, HostOutgoingRequest as _, Method, RequestOptions,
};
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};

use crate::limits::{HTTP_AUTHORITY_BYTES_MAX, HTTP_METHOD_BYTES_MAX, HTTP_TARGET_BYTES_MAX};

/// As the library names them; its hosts speak all versions of 0.2.
const TYPES: &str = "wasi:http/types@0.2.12";
const HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";

type Request = Resource<HostOutgoingRequest>;
type Set = Result<(core::result::Result<(), ()>,)>;
type Handled = Result<(core::result::Result<Resource<HostFutureIncomingResponse>, ErrorCode>,)>;

/// Offers `wasi:http/types` and `wasi:http/outgoing-handler`.
pub(crate) fn add_to_linker<T: WasiHttpView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    add_only_http_to_linker_sync(linker)?;
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.func_wrap(
        "[method]outgoing-request.set-method",
        |mut store: StoreContextMut<'_, T>, (request, method): (Request, Method)| -> Set {
            if matches!(&method, Method::Other(name) if name.len() > HTTP_METHOD_BYTES_MAX) {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_method(request, method)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-authority",
        |mut store: StoreContextMut<'_, T>, (request, authority): (Request, Option<String>)| -> Set {
            if is_longer(authority.as_deref(), HTTP_AUTHORITY_BYTES_MAX) {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_authority(request, authority)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-path-with-query",
        |mut store: StoreContextMut<'_, T>, (request, target): (Request, Option<String>)| -> Set {
            if is_longer(target.as_deref(), HTTP_TARGET_BYTES_MAX) {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_path_with_query(request, target)?,))
        },
    )?;
    linker.instance(HANDLER)?.func_wrap(
        "handle",
        |mut store: StoreContextMut<'_, T>,
         (request, options): (Request, Option<Resource<RequestOptions>>)|
         -> Handled {
            let mut view = store.data_mut().http();
            // The library takes a request without a path, or without a host, for a mistake that it has to write about.
            let sent = view.table.get_mut(&request)?;
            match sent.path_with_query.as_deref() {
                None | Some("") => sent.path_with_query = Some("/".into()),
                Some(query) if query.starts_with('?') => sent.path_with_query = Some(format!("/{query}")),
                Some(_) => {}
            }
            if sent.authority.as_deref().is_none_or(str::is_empty) {
                view.table.delete(request)?;
                return Ok((Err(ErrorCode::HttpRequestUriInvalid),));
            }
            Ok((match view.handle(request, options) {
                Ok(answer) => Ok(answer),
                Err(error) => Err(view.convert_error_code(error)?),
            },))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

fn is_longer(text: Option<&str>, max: usize) -> bool {
    text.is_some_and(|text| text.len() > max)
}
