//! A rule's "no". Everything else that goes wrong is an error of some other layer.

words! {
    /// Why a rule said no. Each surface answers each of these; see `docs/errors.md`.
    Refusal {
        /// There is no such space, or the actor may not know of it.
        SpaceNotFound = "SPACE_NOT_FOUND",
        /// Another space has this name already, with other content.
        SpaceExists = "SPACE_EXISTS",
        /// The actor is neither manager nor creator of the space, nor a member where that is enough.
        NotAManager = "NOT_A_MANAGER",
        /// Only the creator may do this.
        NotTheCreator = "NOT_THE_CREATOR",
        /// The user in question is blocked in this space.
        Blocked = "BLOCKED",
        /// The creator cannot leave or be removed; they must hand the space over first.
        CreatorCannotLeave = "CREATOR_CANNOT_LEAVE",
        /// The creator's status cannot be changed by role or block.
        CreatorFixed = "CREATOR_FIXED",
        /// Only a member or manager can become the creator, and only somebody with a seat goes.
        NotAMember = "NOT_A_MEMBER",
        /// Every seat is taken.
        SpaceFull = "SPACE_FULL",
        /// So many invitations are open already, of the actor's or in the space, that there may be no more.
        TooManyInvitations = "TOO_MANY_INVITATIONS",
        /// The space cannot go back to this privacy.
        PrivacyFixed = "PRIVACY_FIXED",
        /// The space has changed since the actor looked at it.
        VersionMismatch = "VERSION_MISMATCH",
        /// Others still have seats in the space, and the actor wants it deleted only if nobody has.
        HasMembers = "HAS_MEMBERS",
        /// Nobody says when their own time ends.
        OwnEnd = "OWN_END",
        /// What is to end at a time would be over already.
        PastEnd = "PAST_END",
        /// The space has no such invite link, or it lets nobody in any more.
        LinkNotFound = "LINK_NOT_FOUND",
        /// As many invite links are alive in the space as there may be.
        TooManyLinks = "TOO_MANY_LINKS",
        /// Only of an event do people say whether they go.
        NotAnEvent = "NOT_AN_EVENT",
    }
}
