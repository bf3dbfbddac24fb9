/*
 * A duty that no gate can fence (a checkpoint master signs by itself): two signers are never active at once.
 *
 * The fence is the kill: a watchdog ends the signer when the lease is over, on the holder's own clock. Time, clocks and
 * pauses are those of failover.pml, but two things happen in time: the watchdog's kill, and a relay's ping while its
 * link holds. README.md says what that leaves out.
 */
#define D 1     /* how much a clock is off, over any duration that counts here */
#define T 4     /* session timeout, by the ensemble's clock */
#define BEAT 1  /* an acknowledged confirmation comes at most so long after the one before; IRREGULAR: at any time */
#define RELAY 1 /* so long at most a follower keeps for itself that it heard of a session */

#ifdef NO_SLACK
#define LEASE T
#else
#define LEASE (T - BEAT - RELAY)
#endif
#ifdef NO_GRACE
#define GRACE_OVER(age) true
#else
/* Of the grace only what is for the clocks (holder's, ensemble's, our own) and for the kill, which takes a tick. */
#define GRACE_OVER(age) (age >= (3 * D + 1) - D)
#endif
#ifdef IRREGULAR
#define IN_TIME true
#define UNHEARD (T - D) /* how long the leader may not have heard of a session that acquires */
#else
#define IN_TIME (unheard <= BEAT)
#define UNHEARD (BEAT + RELAY)
#endif
#ifdef WATCHDOG_SPARES_IDLE
#define TO_KILL(a) (a.signer == ACTIVE)
#else
#define TO_KILL(a) (a.signer != DOWN)
#endif
#ifdef RELEASE_BEFORE_STOP
#define SIGNER_ENDED(a) true
#else
#define SIGNER_ENDED(a) (a.signer == DOWN)
#endif

#define OLDER(age, most) age = (age < most -> age + 1 : most) /* nothing asks for more than `most` */

/* The ensemble. The holder's session counts at the leader; a follower that is cut off takes its news with it. */
byte holder;          /* a candidate's number and one; 0: nobody */
bool word = 1;        /* "clean" in the term */
byte renewed;         /* since the leader last heard of the session */
byte unheard;         /* since the last transaction of the session */
bool news, cut;       /* the follower has something to tell; it can't */
byte news_age;

#define IDLE 0
#define ASKING 1
#define ASKED 2
#define HELD 3
#define DOWN 0
#define READY 1 /* up, not signing */
#define ACTIVE 2
typedef Agent {
  byte state, signer;
  bool settled, leased;
  byte age;            /* since the acquisition's answer, in grace */
  byte asked;          /* 0, 1: a confirmation is under way, 2: it is committed */
  byte asked_age;      /* since the acquisition or the confirmation was sent */
  byte lease_age;      /* since what the lease counts from */
};
Agent agents[2];

inline let_go(a) {
  a.state = IDLE; a.settled = 0; a.leased = 0; a.age = 0; a.asked = 0; a.asked_age = 0; a.lease_age = 0
}

#define WITHIN(a) (a.lease_age < LEASE + D)

inline acknowledged(a) {
  a.lease_age = a.asked_age; a.leased = a.leased || WITHIN(a); /* an answer that comes too late begins nothing */
  a.asked = 0; a.asked_age = 0
}

proctype agent(byte i) {
  do
  :: d_step { agents[i].state == IDLE && holder == 0 ->
      agents[i].state = ASKING; agents[i].signer = READY; printf("%c asks for the duty\n", 'A' + i) }
  :: d_step { agents[i].state == ASKING && holder == 0 ->
      agents[i].state = ASKED; agents[i].settled = word; word = 0;
      holder = i + 1; renewed = UNHEARD; unheard = 0; news = 1; news_age = RELAY; cut = 0;
      printf("%c's acquisition is committed, clean before: %d\n", 'A' + i, agents[i].settled) }
  :: d_step { agents[i].state == ASKED -> acknowledged(agents[i]); agents[i].state = HELD;
      printf("%c hears that it holds the duty\n", 'A' + i) }
  :: d_step { agents[i].state == HELD && !agents[i].settled && GRACE_OVER(agents[i].age) ->
      agents[i].settled = 1; agents[i].age = 0; printf("%c has waited its grace\n", 'A' + i) }
  /* It need not look at its lease again: a signer that was there when the lease ended is dead. */
  :: d_step { agents[i].state == HELD && agents[i].settled && agents[i].leased && agents[i].signer == READY ->
      agents[i].signer = ACTIVE; printf("%c's signer is active\n", 'A' + i);
      assert(agents[1 - i].signer != ACTIVE) }
  :: d_step { agents[i].state == HELD && agents[i].asked == 0 ->
      agents[i].asked = 1; agents[i].asked_age = 0; printf("%c sends a confirmation\n", 'A' + i) }
  :: d_step { agents[i].asked == 1 && holder == i + 1 && !cut && IN_TIME ->
      agents[i].asked = 2; unheard = 0; news_age = (news -> news_age : 0); news = 1;
      printf("%c's confirmation is committed\n", 'A' + i) }
  :: d_step { agents[i].asked == 2 -> acknowledged(agents[i]);
      printf("%c has its answer: its lease counts from %d ticks ago\n", 'A' + i, agents[i].lease_age) }
  :: d_step { agents[i].asked != 0 -> agents[i].asked = 0; agents[i].asked_age = 0 } /* no answer in time */
  :: d_step { agents[i].state != IDLE && agents[i].signer != DOWN ->
      agents[i].signer = DOWN; printf("%c's signer is killed\n", 'A' + i) }
  :: d_step { agents[i].state == HELD && SIGNER_ENDED(agents[i]) && agents[i].settled && holder == i + 1 ->
      printf("%c's clean release is committed\n", 'A' + i);
      holder = 0; word = 1; if :: agents[i].signer == DOWN -> let_go(agents[i]) :: else fi }
  :: d_step { agents[i].state == HELD && SIGNER_ENDED(agents[i]) && holder == i + 1 ->
      printf("%c's session is closed\n", 'A' + i); holder = 0 }
  :: d_step { agents[i].state != IDLE && agents[i].signer == DOWN ->
      printf("%c lets go\n", 'A' + i); let_go(agents[i]) }
  od
}

proctype ensemble() {
  do
  :: d_step { holder != 0 && renewed >= T - D ->
      printf("the session of %c expires\n", 'A' + holder - 1); holder = 0 }
  :: d_step { holder != 0 && news && !cut -> news = 0; news_age = 0; renewed = 0;
      printf("the leader hears of the session\n") }
  :: d_step { holder != 0 && !cut -> cut = 1; news = 0; news_age = 0; printf("the follower is cut off\n") }
  :: d_step { holder != 0 && cut -> cut = 0; renewed = 0; printf("the session moves to another follower\n") }
  :: d_step { holder == 0 && (renewed + unheard + news + news_age + cut != 0) ->
      renewed = 0; unheard = 0; news = 0; news_age = 0; cut = 0 }
  od
}

#define OVERDUE(a) (a.state == HELD && a.leased && TO_KILL(a) && !WITHIN(a))

inline older(a) {
  if :: a.state == HELD && !a.settled -> OLDER(a.age, 2 * D + 1) :: else fi;
  if :: a.state == ASKING || a.state == ASKED || a.asked != 0 -> OLDER(a.asked_age, LEASE + D) :: else fi;
  if :: a.leased -> OLDER(a.lease_age, LEASE + D) :: else fi
}

proctype clock() {
  do
  :: d_step { !OVERDUE(agents[0]) && !OVERDUE(agents[1]) && !(holder != 0 && news && !cut && news_age >= RELAY) ->
      older(agents[0]); older(agents[1]);
      if :: holder != 0 -> OLDER(renewed, T - D); OLDER(unheard, BEAT + 1) :: else fi;
      if :: holder != 0 && news -> OLDER(news_age, RELAY) :: else fi;
      printf("    tick\n") }
  od
}

init {
  atomic { run agent(0); run agent(1); run ensemble(); run clock() }
}
