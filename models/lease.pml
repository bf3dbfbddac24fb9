/*
 * A duty that no gate can fence (a checkpoint master signs by itself): two signers are never active at once.
 *
 * The fence is the kill: a watchdog ends the signer when the lease is over, on the holder's own clock. Time, clocks and
 * pauses are those of failover.pml, but two things happen in time: the watchdog's kill, and a follower's word to the
 * leader while its link holds, which comes in less than a tick (RELAY). README.md says what that leaves out.
 */
#define D 1 /* how much a clock is off, over any duration that counts here */
#define T 4 /* session timeout, by the ensemble's clock */

#ifdef OLD_RULE
#define LEASE (T - 2) /* less a heartbeat and a tick, and it counts from the last acknowledged beat */
#else
#define LEASE T
#endif
#if defined(OLD_RULE) || defined(COUNT_FROM_LATEST)
#define COUNTED(a) a.asked_age
#else
#define COUNTED(a) (a.tells && a.kept_age < a.lease_age -> a.kept_age : a.lease_age)
#endif
#ifdef TELLS_AT_ONCE
#define TELLS(a) (a.kept != NOTHING)
#else
#define TELLS(a) (a.kept == RIPE)
#endif
#ifdef BEGUN_UNHEARD
#define BEGUN 2 /* so long before the acquisition an idle client's ping should have come, whatever its agent knows */
#else
#define BEGUN unheard /* a look as old as that at least, for the leader heard of the session after it was sent */
#endif
#ifdef NO_GRACE
#define GRACE_OVER(age) true
#else
/* Of the grace only what is for the clocks (holder's, ensemble's, our own) and for the kill, which takes a tick. */
#define GRACE_OVER(age) (age >= (3 * D + 1) - D)
#endif
#ifdef WATCHDOG_SPARES_IDLE
#define TO_KILL(a) (a.signer == ACTIVE)
#else
#define TO_KILL(a) (a.signer >= TOLD)
#endif
#ifdef CONFIRM_BY_READ
#define ANSWERED true /* a follower that is cut off says what it knows */
#else
#define ANSWERED !cut
#endif
#ifdef BEAT_OF_ANOTHER_SESSION
#define TO_TELL 0 /* it proves the holder, and keeps nothing alive */
#else
#define TO_TELL !cut
#endif
#ifdef RELEASE_BEFORE_STOP
#define SIGNER_ENDED(a) true
#else
#define SIGNER_ENDED(a) (a.signer == DOWN)
#endif

#define OVER (LEASE + D) /* here a lease has ended by any clock */
#define OLDER(age, most) age = (age < most -> age + 1 : most) /* nothing asks for more than `most` */

/* The ensemble. The holder's session counts at the leader; a follower that is cut off takes its news with it. */
byte holder;    /* a candidate's number and one; 0: nobody */
bool word = 1;  /* "clean" in the term */
byte unheard;   /* how long the leader has not heard of the session */
bool news, cut; /* the follower has something to tell; it can't */

#define IDLE 0
#define ASKED 1 /* its acquisition is committed, the answer is not here */
#define HELD 2
#define DOWN 0
#define READY 1 /* up, not signing */
#define TOLD 2  /* the watchdog knows the deadline, and the lease was held then: what follows may take any time */
#define ACTIVE 3
#define NOTHING 0
#define FRESH 1
#define RIPE 2 /* answered a tick ago or more */
typedef Agent {
  byte state, signer;
  bool settled;
  byte age;       /* since the acquisition's answer, in grace */
  byte asked;     /* 0, 1: a beat (a confirmation, an acquisition) is under way, 2: it is committed */
  byte asked_age; /* since it was sent */
  bool tells;     /* the kept beat was ripe when it was sent */
  byte kept;      /* an answered beat of which the leader may not know yet */
  byte kept_age;  /* since that was sent */
  byte lease_age; /* since what the lease counts from was sent */
};
Agent agents[2];

#define WITHIN(a) (a.lease_age < OVER)

inline no_beat(a) { a.asked = 0; a.asked_age = 0; a.tells = 0 }
inline nothing_kept(a) { a.kept = NOTHING; a.kept_age = 0; a.tells = 0 }
inline let_go(a) { a.state = IDLE; a.settled = 0; a.age = 0; a.lease_age = OVER; no_beat(a); nothing_kept(a) }

/* Nothing is kept of what can't matter any more: fewer states. */
inline signer_ends(i) { agents[i].signer = DOWN; agents[i].lease_age = OVER; nothing_to_tell(i) }
inline nothing_to_tell(i) { no_beat(agents[i]); nothing_kept(agents[i]) }
inline session_ends() {
  if :: agents[holder - 1].asked != 2 -> nothing_to_tell(holder - 1) :: else fi;
  holder = 0; unheard = 0; news = 0; cut = 0
}

inline answered(i, a) {
  a.lease_age = COUNTED(a);
  if :: a.tells || a.kept == NOTHING -> a.kept = FRESH; a.kept_age = a.asked_age :: else fi;
  if :: a.kept_age >= a.lease_age || holder != i + 1 -> nothing_kept(a) :: else fi;
  no_beat(a)
}

/* The leader last heard of a session that acquires `since` ago: its agent may have been paused until just now. */
inline acquire(i, since) {
  d_step { agents[i].state == IDLE && holder == 0 ->
    agents[i].state = ASKED; agents[i].signer = READY; agents[i].asked = 2; agents[i].settled = word; word = 0;
    holder = i + 1; unheard = since; agents[i].lease_age = BEGUN; news = 1; cut = 0;
    printf("%c's acquisition is committed, last heard of %d ticks ago, clean before: %d\n", 'A' + i, since,
      agents[i].settled) }
}

proctype agent(byte i) {
  do
  :: acquire(i, 0) :: acquire(i, 1) :: acquire(i, 2) :: acquire(i, T - D)
  :: d_step { agents[i].state == ASKED ->
      agents[i].state = HELD; agents[i].kept = FRESH; agents[i].kept_age = agents[i].asked_age; no_beat(agents[i]);
      if :: agents[i].kept_age >= agents[i].lease_age || holder != i + 1 -> nothing_kept(agents[i]) :: else fi;
      printf("%c hears that it holds the duty, its lease counts from %d ticks ago\n", 'A' + i, agents[i].lease_age) }
  :: d_step { agents[i].state == HELD && !agents[i].settled && GRACE_OVER(agents[i].age) ->
      agents[i].settled = 1; agents[i].age = 0; printf("%c has waited its grace\n", 'A' + i) }
  :: d_step { agents[i].state == HELD && agents[i].settled && WITHIN(agents[i]) && agents[i].signer == READY ->
      agents[i].signer = TOLD; printf("%c tells its watchdog, and its lease is held\n", 'A' + i) }
  /* It need not look at its lease again: a signer that was there when the lease ended is dead. */
  :: d_step { agents[i].signer == TOLD ->
      agents[i].signer = ACTIVE; printf("%c's signer is active\n", 'A' + i);
      assert(agents[1 - i].signer != ACTIVE) }
  :: d_step { agents[i].state == HELD && agents[i].asked == 0 && holder == i + 1 && agents[i].signer != DOWN ->
      agents[i].asked = 1; agents[i].tells = TELLS(agents[i]); printf("%c sends a confirmation\n", 'A' + i) }
  :: d_step { agents[i].state == HELD && agents[i].asked == 1 && holder == i + 1 && ANSWERED ->
      agents[i].asked = 2; news = TO_TELL; printf("%c's confirmation is committed\n", 'A' + i) }
  :: d_step { agents[i].state == HELD && agents[i].asked == 2 -> answered(i, agents[i]);
      printf("%c has its answer: its lease counts from %d ticks ago\n", 'A' + i, agents[i].lease_age) }
  :: d_step { agents[i].state == HELD && agents[i].asked != 0 -> no_beat(agents[i]) } /* no answer in time */
  /* Of the beats that the leader may not know of one is kept, whichever; the code keeps them all. */
  :: d_step { agents[i].state == HELD && agents[i].asked == 2 && agents[i].kept != NOTHING && !agents[i].tells ->
      nothing_kept(agents[i]) }
  :: d_step { agents[i].state != IDLE && agents[i].signer != DOWN ->
      signer_ends(i); printf("%c's signer is killed\n", 'A' + i) }
  :: d_step { agents[i].state == HELD && SIGNER_ENDED(agents[i]) && agents[i].settled && holder == i + 1 ->
      printf("%c's clean release is committed\n", 'A' + i);
      session_ends(); word = 1; if :: agents[i].signer == DOWN -> let_go(agents[i]) :: else fi }
  :: d_step { agents[i].state == HELD && SIGNER_ENDED(agents[i]) && holder == i + 1 ->
      printf("%c's session is closed\n", 'A' + i); session_ends() }
  :: d_step { agents[i].state != IDLE && agents[i].signer == DOWN ->
      printf("%c lets go\n", 'A' + i); let_go(agents[i]) }
  od
}

proctype ensemble() {
  do
  :: d_step { holder != 0 && unheard >= T - D ->
      printf("the session of %c expires\n", 'A' + holder - 1); session_ends() }
  :: d_step { holder != 0 && news -> news = 0; unheard = 0; printf("the leader hears of the session\n") }
  :: d_step { holder != 0 && !cut -> cut = 1; news = 0; printf("the follower is cut off\n") }
  :: d_step { holder != 0 && cut -> cut = 0; unheard = 0; printf("the session moves to another follower\n") }
  od
}

#define OVERDUE(a) (a.state == HELD && TO_KILL(a) && !WITHIN(a))

inline older(a) {
  if :: a.state == HELD && !a.settled -> OLDER(a.age, 2 * D + 1) :: else fi;
  if :: a.asked != 0 -> OLDER(a.asked_age, OVER) :: else fi;
  if :: a.kept != NOTHING -> a.kept = RIPE; OLDER(a.kept_age, OVER) :: else fi;
  OLDER(a.lease_age, OVER);
  if :: a.kept_age >= a.lease_age -> nothing_kept(a) :: else fi
}

proctype clock() {
  do
  :: d_step { !OVERDUE(agents[0]) && !OVERDUE(agents[1]) && !(holder != 0 && news) ->
      older(agents[0]); older(agents[1]);
      if :: holder != 0 -> OLDER(unheard, T - D) :: else fi;
      printf("    tick\n") }
  od
}

init {
  atomic {
    agents[0].lease_age = OVER; agents[1].lease_age = OVER;
    run agent(0); run agent(1); run ensemble(); run clock()
  }
}
