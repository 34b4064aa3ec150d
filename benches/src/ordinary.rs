//! The client that tonic makes of the contract, as a program would use it: a few connections that all
//! callers share, messages built and read in full.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::try_join_all;
use prost::Message;
use roster_proto::v1 as pb;
use roster_proto::v1::membership_service_client::MembershipServiceClient;
use tokio::time::{Instant, timeout_at};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::load::{Run, Work};
use crate::server::{Failed, with_bearer};

/// What is sent in a call.
pub trait Call: Message + Sized + 'static {
    /// The method's name in the contract.
    const METHOD: &str;

    /// Calls it.
    async fn send(request: Request<Self>, client: &mut Client) -> Result<(), Status>;
}

type Client = MembershipServiceClient<Channel>;

macro_rules! calls {
    ($($request:ident: $method:ident, $name:literal;)*) => { $(
        impl Call for pb::$request {
            const METHOD: &str = $name;

            async fn send(request: Request<Self>, client: &mut Client) -> Result<(), Status> {
                client.$method(request).await.map(drop)
            }
        }
    )* };
}

calls! {
    JoinOrAcceptInviteRequest: join_or_accept_invite, "JoinOrAcceptInvite";
    LeaveOrRemoveRequestRequest: leave_or_remove_request, "LeaveOrRemoveRequest";
    InviteOrAcceptUsersRequest: invite_or_accept_users, "InviteOrAcceptUsers";
    RemoveInvitationsRequest: remove_invitations, "RemoveInvitations";
    ChangeRolesRequest: change_roles, "ChangeRoles";
    GetMembershipRequest: get_membership, "GetMembership";
    CheckMembershipsRequest: check_memberships, "CheckMemberships";
    ListMembershipsRequest: list_memberships, "ListMemberships";
    ListUserSpacesRequest: list_user_spaces, "ListUserSpaces";
}

/// Four connections for up to 64 callers, eight for more, each shared by several callers.
async fn connect(address: SocketAddr, callers: usize) -> Result<Vec<Client>, Failed> {
    let count = if callers > 64 { 8 } else { 4 };
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
    let connect = async |_| Ok(Client::new(endpoint.connect().await?));
    try_join_all((0..count.min(callers)).map(connect)).await
}

/// Makes each call from 0 to `operations` once, `callers` at a time.
pub async fn closed_loop<'a, C: Call>(
    address: SocketAddr,
    callers: usize,
    operations: usize,
    call: impl Fn(usize) -> (&'a str, C),
) -> Result<Run, Failed> {
    let clients = connect(address, callers).await?;
    let work = Work::new(operations)?;
    try_join_all((0..callers).map(async |caller| {
        let mut client = clients[caller % clients.len()].clone();
        while let Some(operation) = work.take() {
            let (bearer, message) = call(operation);
            let request = with_bearer(message, bearer);
            let began = Instant::now();
            C::send(request, &mut client).await?;
            work.done(began.elapsed());
        }
        Ok::<_, Failed>(())
    }))
    .await?;
    work.finish()
}

/// Makes calls from the first on for so long, `callers` at a time. Nobody waits beyond the end, and a
/// refusal is only counted: this is for hard times.
pub async fn for_a_while<'a, C: Call>(
    address: SocketAddr,
    callers: usize,
    (first, duration): (usize, Duration),
    call: impl Fn(usize) -> (&'a str, C),
) -> Result<Run, Failed> {
    let clients = connect(address, callers).await?;
    let (work, until) = (Work::lasting(first, duration)?, Instant::now() + duration);
    try_join_all((0..callers).map(async |caller| {
        let mut client = clients[caller % clients.len()].clone();
        while let Some(operation) = work.take() {
            let (bearer, message) = call(operation);
            let request = with_bearer(message, bearer);
            let began = Instant::now();
            match timeout_at(until, C::send(request, &mut client)).await {
                Ok(Ok(())) => work.done(began.elapsed()),
                Ok(Err(_)) => work.refused(began.elapsed()),
                Err(_) => work.abandoned(began.elapsed()),
            }
        }
        Ok::<_, Failed>(())
    }))
    .await?;
    work.finish()
}
