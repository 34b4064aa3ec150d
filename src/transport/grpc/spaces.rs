//! `SpaceService`.

use tonic::{Request, Response, Status, Streaming};

use super::actions::actions;
use super::parse::NewName;
use super::{Api, import, lists, parse, pb, render};
use crate::domain::Command;
use crate::service::{self, Outcome};
use crate::transport::error::Failure;

/// The space as the command left it. Whoever may make or change one also manages it.
fn changed(Outcome { space, content, .. }: Outcome) -> Result<pb::Space, Failure> {
    let missing = || service::Error::Internal(format!("the content of {} is missing", space.name));
    let content = content.ok_or_else(missing)?;
    Ok(render::space(&space, &content, true))
}

#[tonic::async_trait]
impl pb::space_service_server::SpaceService for Api {
    async fn create_space(
        &self,
        request: Request<pb::CreateSpaceRequest>,
    ) -> Result<Response<pb::CreateSpaceResponse>, Status> {
        let call = self.admit(&request)?;
        let options = parse::options(request.get_ref().validate_only, None);
        let (name, new) = parse::new_space(request.into_inner())?;
        let outcome = match name {
            NewName::Given(name) => {
                self.execute(&call, name, Command::CreateSpace(new), options).await?
            }
            NewName::Chosen(kind) => {
                let made = self.service.create_space(&call, kind, new, options).await;
                made.map_err(Failure::from)?
            }
        };
        let space = Some(changed(outcome)?);
        Ok(self.answer(pb::CreateSpaceResponse { space }))
    }

    async fn get_space(
        &self,
        request: Request<pb::GetSpaceRequest>,
    ) -> Result<Response<pb::GetSpaceResponse>, Status> {
        let call = self.admit(&request)?;
        let name = parse::space_name("name", &request.get_ref().name)?;
        let view = match parse::link(&name, &request.get_ref().link) {
            Some(link) => self.service.get_space_by_link(&call, &name, &link).await,
            None => self.service.get_space(&call, &name).await,
        };
        let view = view.map_err(Failure::from)?;
        let space = Some(render::space(&view.space, &view.content, view.manages));
        Ok(self.answer(pb::GetSpaceResponse { space, allowed: actions(&view.allowed()) }))
    }

    async fn list_spaces(
        &self,
        request: Request<pb::ListSpacesRequest>,
    ) -> Result<Response<pb::ListSpacesResponse>, Status> {
        let call = self.admit(&request)?;
        Ok(Response::new(lists::all_spaces(self, &call, request.into_inner()).await?))
    }

    async fn update_space(
        &self,
        request: Request<pb::UpdateSpaceRequest>,
    ) -> Result<Response<pb::UpdateSpaceResponse>, Status> {
        let call = self.admit(&request)?;
        let options = parse::options(request.get_ref().validate_only, None);
        let (name, patch) = parse::space_patch(request.into_inner())?;
        let outcome = self.execute(&call, name, Command::UpdateSpace(patch), options).await?;
        let space = Some(changed(outcome)?);
        Ok(self.answer(pb::UpdateSpaceResponse { space }))
    }

    async fn delete_space(
        &self,
        request: Request<pb::DeleteSpaceRequest>,
    ) -> Result<Response<pb::DeleteSpaceResponse>, Status> {
        let call = self.admit(&request)?;
        let name = parse::space_name("name", &request.get_ref().name)?;
        let pb::DeleteSpaceRequest { if_version, if_empty, validate_only, .. } = *request.get_ref();
        let (command, options) =
            (Command::DeleteSpace { if_version, if_empty }, parse::options(validate_only, None));
        self.execute(&call, name, command, options).await?;
        Ok(self.answer(pb::DeleteSpaceResponse {}))
    }

    async fn import_spaces(
        &self,
        request: Request<Streaming<pb::ImportSpacesRequest>>,
    ) -> Result<Response<pb::ImportSpacesResponse>, Status> {
        let call = self.admit(&request)?;
        let import = self.service.import(&call).map_err(Failure::from)?;
        Ok(self.answer(import::run(import, request.into_inner()).await?))
    }
}
