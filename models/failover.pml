/*
 * Fencing by epochs: two candidates, the ensemble, a gate and its daemon. README.md says how to read and run this.
 *
 * Time is a global tick. A duration d that a process measures by its own clock lasts d-D to d+D ticks. Nothing is fair
 * and nothing is urgent: between any two steps of a process the others may do anything and time may pass, so every
 * pause is here, and a lost message is one that never arrives.
 *
 * Where the model lets more happen than the system does, it proves more: a session may expire at any moment (the gate's
 * proof does not need the session timeout), a gate may refuse whatever it likes, a holder keeps no lease.
 */
#ifdef RESTORE
#define EPOCHS 2 /* given again after the restore */
#define ACTIVATED(e) skip /* epochs come again: only what one daemon executes is in order */
#ifndef NO_HIGHWATER
#define TIMELESS /* the mark keeps that order alone: graces as short and confirmations as old as you like */
#endif
#else
#define EPOCHS 3 /* claims in one run */
#define ACTIVATED(e) activated = (e > activated -> e : activated)
#endif
#define D 1      /* how much a clock is off, over any duration that counts here */
#define G 2      /* staleness: how long a gate trusts a confirmation */

#if defined(NO_GRACE) || defined(TIMELESS)
#define GRACE_OVER(age) true
#elif defined(NO_MARGIN)
#define GRACE_OVER(age) (age >= G - D)
#else
#define GRACE_OVER(age) (age >= (G + 2 * D) - D)
#endif

#if defined(NO_STALENESS) || defined(TIMELESS)
#define FRESH true
#else
#define FRESH (confirmed_age < G + D)
#endif

#ifdef NO_EPOCH_CHECK
#define CURRENT(e) (confirmed != 0)
#else
#define CURRENT(e) (confirmed == e)
#endif

#ifdef NO_HIGHWATER
#define NOT_BACK(e) true
#else
#define NOT_BACK(e) (e >= highest)
#endif

#ifdef DOUBT_NOT_CHECKED
#define DOUBT_ENDS doubt = 0
#else
#define DOUBT_ENDS doubt = 0; no_doubt(0); no_doubt(1)
#endif

#define OLDEST (G + D) /* where ages stop counting: nothing asks for more */
#define OLDER(age) age = (age < OLDEST -> age + 1 : OLDEST)

/* The ensemble, linearizable: every step on these is one transaction. */
byte term = 0;   /* version of the duty's term */
bool word = 1;   /* "clean" in the term: the first one is created so */
byte holder = 0; /* epoch of the holder's znode; 0: nobody */
byte last = 0;   /* the last epoch given */
bool doubt = 0;  /* somebody doubts that the holder lives: no gate confirms it */

/* A candidate's agent and its signer. */
#define IDLE 0    /* no claim that it knows of */
#define ASKED 1   /* its acquisition is committed, the answer is not here */
#define CLAIMED 2 /* grace */
#define ACTIVE 3  /* the signer may decide to call */
#define STOPPED 4 /* the signer has ended */
typedef Agent {
  byte state;
  byte epoch;
  byte term;
  byte age;     /* since the acquisition's answer, or since one that showed the doubt that the acquisition then ended */
  bool counts;  /* that age, from which the grace is counted */
  bool settled; /* the grace is over, or the term said "clean" */
  bool leaving; /* a clean release is under way */
#ifdef WORD_NOT_PROVED
  bool told;    /* the word as it was read, once */
#endif
};
Agent agents[2];

/* A signing call of each epoch. From the decision on it is under way: a pause before sending it is a slow network. */
#define NONE 0
#define SENT 1
#define ANSWERED 2 /* forwarded or refused; the answer is under way */
byte call[4];

/* The gate. A request is one multi; (known_term, known_epoch) is what it checks. */
#define IGNORANT 0
#define HAS_TERM 1
#define HAS_EPOCH 2
#define ASKING 3
#define COMMITTED 4 /* by a quorum; the answer is under way */
byte gate = IGNORANT;
byte known_term, known_epoch, asked_age;
byte confirmed, confirmed_age;
byte highest; /* on disk */

/* What the assertions speak of; no process reads these. */
byte activated; /* the highest epoch whose signer was ever activated */
byte executed;  /* the highest epoch that the daemon executed a call of */

#define IN_GRACE(a) ((a.state == CLAIMED || a.state == STOPPED) && !a.settled)

#define HOLDS(a) ((a.state == CLAIMED || a.state == ACTIVE) && holder == a.epoch && term == a.term)

/* A withdrawn doubt is another version: whoever saw it before has to see the next one. */
inline no_doubt(i) {
  if :: agents[i].state == IDLE -> agents[i].counts = 0; agents[i].age = 0 :: else fi
}

inline forget(a) {
  if :: call[a.epoch] == ANSWERED -> call[a.epoch] = NONE :: else fi;
  a.state = IDLE; a.epoch = 0; a.term = 0; a.age = 0; a.counts = 0; a.settled = 0; a.leaving = 0
}

#ifdef RELEASE_BEFORE_STOP
#define SIGNER_ENDED(a) (a.state == STOPPED || a.state == ACTIVE)
#else
#define SIGNER_ENDED(a) (a.state == STOPPED)
#endif
#ifdef CLEAN_WITH_UNANSWERED
#define ALL_ANSWERED(a) true
#else
#define ALL_ANSWERED(a) (call[a.epoch] == NONE)
#endif
#ifdef CLEAN_IN_GRACE
#define SETTLED(a) true
#else
#define SETTLED(a) (a.settled)
#endif

#ifdef WORD_NOT_PROVED
#define WORD(a) a.told
#else
#define WORD(a) word
#endif

proctype agent(byte i) {
  do
#ifdef WORD_NOT_PROVED
  :: d_step { agents[i].state == IDLE && agents[i].told != word -> agents[i].told = word;
      printf("%c reads the word: %d\n", 'A' + i, word) }
#endif
  :: d_step { agents[i].state == IDLE && holder == 0 && last < EPOCHS ->
      last++; term++; holder = last;
      agents[i].state = ASKED; agents[i].epoch = last; agents[i].term = term; agents[i].settled = WORD(agents[i]);
      if :: agents[i].settled -> agents[i].counts = 0; agents[i].age = 0 :: else fi;
      word = 0; DOUBT_ENDS;
      printf("%c acquires epoch %d, term %d, clean before: %d\n", 'A' + i, last, term, agents[i].settled) }
#ifdef DOUBT_FROM_THE_QUESTION /* which may come before the doubt */
  :: d_step { agents[i].state == IDLE && holder != 0 && !agents[i].counts -> agents[i].counts = 1; agents[i].age = 0;
      printf("%c asks for a doubt\n", 'A' + i) }
#else
  :: d_step { agents[i].state == IDLE && doubt && !agents[i].counts -> agents[i].counts = 1; agents[i].age = 0;
      printf("%c sees the doubt\n", 'A' + i) }
#endif
  :: d_step { agents[i].state == IDLE && holder != 0 && !doubt -> doubt = 1;
      printf("%c doubts that the holder of epoch %d lives\n", 'A' + i, holder) }
  :: d_step { doubt && HOLDS(agents[i]) -> DOUBT_ENDS;
      printf("%c lives, and ends the doubt\n", 'A' + i) }
  :: d_step { agents[i].state == ASKED ->
      agents[i].state = CLAIMED; agents[i].counts = !agents[i].settled; printf("%c hears that it holds epoch %d\n", 'A' + i, agents[i].epoch) }
  :: d_step { IN_GRACE(agents[i]) && GRACE_OVER(agents[i].age) ->
      agents[i].settled = 1; agents[i].age = 0; agents[i].counts = 0; printf("%c has waited its grace\n", 'A' + i) }
  :: d_step { agents[i].state == CLAIMED && agents[i].settled ->
      agents[i].state = ACTIVE;
      ACTIVATED(agents[i].epoch);
      printf("%c activates its signer with epoch %d\n", 'A' + i, agents[i].epoch) }
  :: d_step { agents[i].state == ACTIVE && call[agents[i].epoch] == NONE ->
      call[agents[i].epoch] = SENT; printf("%c decides to send a call of epoch %d\n", 'A' + i, agents[i].epoch) }
  :: d_step { (agents[i].state == ACTIVE || agents[i].state == STOPPED) && call[agents[i].epoch] == ANSWERED ->
      call[agents[i].epoch] = NONE; printf("%c has its call's answer\n", 'A' + i) }
  :: d_step { agents[i].state == CLAIMED || agents[i].state == ACTIVE ->
      agents[i].state = STOPPED; printf("%c stops its signer\n", 'A' + i) }
  :: d_step { SIGNER_ENDED(agents[i]) && ALL_ANSWERED(agents[i]) && SETTLED(agents[i]) && !agents[i].leaving ->
      agents[i].leaving = 1; printf("%c sends a clean release of epoch %d\n", 'A' + i, agents[i].epoch) }
  :: d_step { agents[i].leaving && holder != 0 && term == agents[i].term ->
      holder = 0; term++; word = 1; agents[i].leaving = 0; printf("%c's clean release is committed\n", 'A' + i);
      if :: agents[i].state == STOPPED -> forget(agents[i]) :: else fi }
#ifdef RESUME_AFTER_RELEASE
  :: d_step { agents[i].state == STOPPED && agents[i].leaving ->
      agents[i].state = ACTIVE;
      printf("%c had no answer to its release and activates its signer again\n", 'A' + i) }
#endif
  :: d_step { agents[i].state != IDLE -> /* lost, dead, no answer: whatever ends it, its calls stay under way */
      printf("%c lets epoch %d go\n", 'A' + i, agents[i].epoch);
      forget(agents[i]) }
  od
}

/* Expiry, an unclean release, a watchdog that closes the session, a claim given up unheard of: one and the same. */
proctype expiry() {
  do
  :: d_step { holder != 0 -> printf("the session of epoch %d ends\n", holder); holder = 0 }
  od
}

#ifdef READ_EPOCH_FIRST
#define READ_1 holder != 0 -> known_epoch = holder
#define READ_2 true -> known_term = term
#else
#define READ_1 true -> known_term = term
#define READ_2 holder != 0 -> known_epoch = holder
#endif

#ifdef CONFIRM_BY_READ /* a server that is cut off says what it said before */
#define COMMITS true
#elif defined(CONFIRMS_IN_DOUBT)
#define COMMITS (term == known_term && holder != 0)
#else
#define COMMITS (term == known_term && holder != 0 && !doubt)
#endif
#ifdef STALENESS_FROM_ANSWER
#define CONFIRMED_SINCE 0
#else
#define CONFIRMED_SINCE asked_age
#endif

proctype gatekeeper() {
  do
  /* A follower that lags is one that was read earlier: a session's reads and writes keep their order. */
  :: d_step { gate == IGNORANT && READ_1; gate = HAS_TERM }
  :: d_step { gate == HAS_TERM && READ_2; gate = HAS_EPOCH;
      printf("gate reads term %d and epoch %d\n", known_term, known_epoch) }
  :: d_step { gate == HAS_EPOCH -> gate = ASKING; asked_age = 0;
      printf("gate sends its confirmation of epoch %d\n", known_epoch) }
  :: d_step { gate == ASKING && COMMITS -> gate = COMMITTED;
      printf("gate's confirmation of epoch %d is committed\n", known_epoch) }
  :: d_step { gate == COMMITTED -> gate = HAS_EPOCH; confirmed = known_epoch;
      confirmed_age = CONFIRMED_SINCE; asked_age = 0;
      printf("gate has confirmed epoch %d, sent %d ticks ago\n", confirmed, confirmed_age) }
  :: d_step { gate >= ASKING -> gate = HAS_EPOCH; asked_age = 0 } /* no answer in time: it may have had its effect */
  :: d_step { gate != IGNORANT -> gate = IGNORANT; known_term = 0; known_epoch = 0; asked_age = 0 }
  :: d_step { confirmed != 0 -> /* it starts again: only what is on disk is left */
      gate = IGNORANT; known_term = 0; known_epoch = 0; asked_age = 0; confirmed = 0; confirmed_age = 0 }
  od
}

/* A call arrives. Between the gate's check and the daemon's execution there is no pause here: README.md. */
inline deliver(e) {
  d_step { call[e] == SENT && CURRENT(e) && FRESH && NOT_BACK(e) ->
    highest = (e > highest -> e : highest);
    printf("gate forwards a call of epoch %d, the daemon executes it\n", e);
    assert(e >= executed);
    assert(e >= activated);
    executed = e; answer(e) }
}
inline refuse(e) { d_step { call[e] == SENT -> printf("gate refuses a call of epoch %d\n", e); answer(e) } }
inline answer(e) {
  call[e] = (agents[0].epoch == e || agents[1].epoch == e -> ANSWERED : NONE)
}

proctype network() {
  do :: deliver(1) :: deliver(2) :: deliver(3) :: refuse(1) :: refuse(2) :: refuse(3) od
}

#ifdef RESTORE /* the ensemble comes back from its first backup: nothing was ever held, no session is left */
proctype restore() {
  d_step { last == EPOCHS ->
    last = 0; term = 0; word = 1; holder = 0; DOUBT_ENDS;
    printf("the ensemble is restored from a backup\n") }
}
#endif

proctype clock() {
  do
  :: d_step { true ->
      if :: agents[0].counts -> OLDER(agents[0].age) :: else fi;
      if :: agents[1].counts -> OLDER(agents[1].age) :: else fi;
      if :: gate >= ASKING -> OLDER(asked_age) :: else fi;
      if :: confirmed != 0 -> OLDER(confirmed_age) :: else fi;
      printf("    tick\n") }
  od
}

init {
  atomic {
    run agent(0); run agent(1); run expiry(); run gatekeeper(); run network();
#ifndef TIMELESS
    run clock();
#endif
#ifdef RESTORE
    run restore()
#endif
  }
}
