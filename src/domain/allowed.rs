//! What somebody could do now: the commands that would change something and be refused by no rule.
//! Nothing is decided here. For each command the tables are asked that [`super::decide`] asks.

use super::decide::check;
use super::offer::offered;
use super::permission::has_attendance;
use super::transition::{Move, Verb, transition};
use super::until::until;
use super::{
    Action, Kind, Membership, Millis, Offer, Place, Privacy, Seats, Space, Standing, Status, Until,
};

/// What of a space the rules of membership look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What kind of space it is.
    pub kind: Kind,
    /// How private it is.
    pub privacy: Privacy,
    /// What somebody who wants a seat finds.
    pub seats: Seats,
}

impl From<&Space> for Facts {
    fn from(space: &Space) -> Self {
        let (kind, seats) = (space.name.kind(), Seats::of(space, space.counts));
        Self { kind, privacy: space.privacy, seats }
    }
}

/// The ways of doing something to a membership: verbs, one after the other.
type Ways = &'static [&'static [Verb]];

/// What is changed.
enum Subject {
    /// The actor's own membership.
    Own(Ways),
    /// Anybody's membership, the actor's too.
    Anybodys(Ways),
    /// The space itself, in which there always is something to change.
    Space,
    /// Nothing that is there yet, or nothing at all.
    Nothing,
}

const fn subject(action: Action) -> Subject {
    match action {
        Action::Join => Subject::Own(&[&[Verb::Join]]),
        Action::Leave => Subject::Own(&[&[Verb::Leave]]),
        Action::Remove => Subject::Anybodys(&[&[Verb::Remove]]),
        Action::Invite => Subject::Anybodys(&[&[Verb::Invite], &[Verb::InviteManager]]),
        Action::RemoveInvitations => Subject::Anybodys(&[&[Verb::RemoveInvitation]]),
        Action::Add => Subject::Anybodys(&[&[Verb::Add]]),
        Action::ChangeRoles => {
            Subject::Anybodys(&[&[Verb::MakeManager], &[Verb::MakeMember], &[Verb::MakeNone]])
        }
        Action::Block => Subject::Anybodys(&[&[Verb::Block]]),
        Action::Unblock => Subject::Anybodys(&[&[Verb::Unblock]]),
        Action::Attend => {
            Subject::Own(&[&[Verb::SetGoing], &[Verb::SetNotGoing], &[Verb::ClearAttendance]])
        }
        Action::SetAttendance => Subject::Anybodys(&[
            &[Verb::Add, Verb::SetGoing],
            &[Verb::Add, Verb::SetNotGoing],
            &[Verb::ClearAttendance],
        ]),
        Action::TransferOwnership => Subject::Anybodys(&[&[Verb::Transfer]]),
        Action::CreateLink | Action::UpdateSpace | Action::DeleteSpace => Subject::Space,
        // Which links there are is not looked at.
        Action::RevokeLink
        | Action::CreateSpace
        | Action::Import
        | Action::Expire
        | Action::Erase
        | Action::SeeSpace
        | Action::SeeMembers
        | Action::SeePending
        | Action::SeeHistory
        | Action::SeeLinks => Subject::Nothing,
    }
}

/// What an actor of this standing could do now to one membership, in the order of [`Action`]. To remove
/// oneself is to leave.
pub fn allowed_to(
    facts: Facts,
    standing: Standing,
    target: &Membership,
    is_own: bool,
) -> Vec<Action> {
    let target = Held { place: target.place(), until: target.until, offered: target.offered };
    let changes = |action: &Action| match subject(*action) {
        Subject::Own(ways) => is_own && facts.let_change(*action, ways, target),
        Subject::Anybodys(_) if is_own && matches!(action, Action::Remove) => false,
        Subject::Anybodys(ways) => facts.let_change(*action, ways, target),
        Subject::Space | Subject::Nothing => false,
    };
    permitted(facts, standing).filter(changes).collect()
}

/// What an actor of this standing could do now in a space, in the order of [`Action`]: to the space, to
/// their own membership `own`, or to somebody else's, whosever that is.
pub fn allowed_in(space: &Space, standing: Standing, own: Place) -> Vec<Action> {
    let facts = Facts::from(space);
    let own = matches!(standing, Standing::User(_)).then_some(Held::from(own));
    let changes = |action: &Action| match subject(*action) {
        Subject::Own(ways) => own.is_some_and(|own| facts.let_change(*action, ways, own)),
        Subject::Anybodys(ways) => {
            let own = own.filter(|_| !matches!(action, Action::Remove));
            own.is_some_and(|own| facts.let_change(*action, ways, own))
                || others(space, standing).any(|other| facts.let_change(*action, ways, other))
        }
        Subject::Space => true,
        Subject::Nothing => false,
    };
    permitted(facts, standing).filter(changes).collect()
}

fn permitted(facts: Facts, standing: Standing) -> impl Iterator<Item = Action> {
    let may = move |action: &Action| check(facts.privacy, *action, standing).is_ok();
    Action::ALL.iter().copied().filter(may)
}

/// What others than the actor are to the space; somebody is always ABSENT. Whatever they say of their
/// attendance, there is another answer.
fn others(space: &Space, standing: Standing) -> impl Iterator<Item = Held> {
    let is_there = move |status: &Status| {
        let own = i64::from(standing == Standing::User(*status));
        matches!(status, Status::Absent) || space.counts.of(*status) > own
    };
    Status::ALL.iter().copied().filter(is_there).map(|status| Held::from(Place::from(status)))
}

/// What somebody is to the space, and until when.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Held {
    place: Place,
    until: Option<Millis>,
    offered: Offer,
}

impl From<Place> for Held {
    fn from(place: Place) -> Self {
        Self { place, until: None, offered: Offer::Member }
    }
}

impl Facts {
    /// Whether one of these ways leads from here to somewhere else.
    fn let_change(self, action: Action, ways: Ways, from: Held) -> bool {
        let is_of_events = matches!(action, Action::Attend | Action::SetAttendance);
        let exists = !is_of_events || has_attendance(self.kind).is_ok();
        exists && ways.iter().any(|verbs| self.leads_elsewhere(verbs, from))
    }

    fn leads_elsewhere(self, verbs: &[Verb], from: Held) -> bool {
        let mut held = from;
        for verb in verbs {
            let Held { place, until: end, offered: offer } = held;
            match transition(*verb, self.privacy, place.status, offer) {
                Move::Stay => {}
                Move::To(status, event) => {
                    let (was, led) = (place.status, (status, event));
                    let (status, event) = self.seats.lead(*verb, was, led);
                    if self.seats.admit(*verb, from.place.status, status).is_err() {
                        return false;
                    }
                    let attendance = event.attendance(place.attendance, status);
                    // Nothing is said of an end, so it is no matter when.
                    let end = until(*verb, (place.status, status), Until::Unsaid, end, 0);
                    let place = Place { status, attendance };
                    held = Held { place, until: end, offered: offered(*verb, status) };
                }
                Move::Refuse(_) => return false,
            }
        }
        held != from
    }
}
