/*
 * The launch protocol: one job, its fire times, two silos that both believe to lead, two workers, one store. See README.md.
 *
 * A paused silo or worker is a process that takes no step for as long as it likes, between any two of its steps. A lost answer is a write
 * after which its writer does not know whether it happened. Both, crashes, repeated offers and clients' calls have budgets, so that the
 * search is exhaustive.
 */
#ifndef INSTANTS
#define INSTANTS 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
#ifndef REPEATS
#define REPEATS 1
#endif
#ifndef CALLS
#define CALLS 1
#endif
#ifndef RETENTIONS
#define RETENTIONS 1
#endif

#define ATTEMPTS 2
#define NAMES (INSTANTS * ATTEMPTS)     /* an execution's name: its fire time and its attempt */
#define NAME(i, a) ((i) * ATTEMPTS + (a))
#define INSTANT(e) ((e) / ATTEMPTS)
#define FIRST(e) ((e) % ATTEMPTS == 0)
#define BIT(x) (1 << (x))
#define HAS(set, x) (((set) >> (x)) & 1)
#define NOBODY 255

/* ---- the store ---- */
mtype = { none, running, done, lost, dropped };
mtype doc[NAMES] = none;                /* the executions' documents */
byte owner[NAMES];                      /* the claim's token */
bool exists = true, scheduled = true, deleted = false;
byte mark = 0;                          /* fire times before this one are decided */
byte owed = 0, unrecorded = 0;          /* the outbox: launches, and fire times that were decided against */
byte horizon = 0;                       /* nothing before this fire time is ever created again */
bool stale[2] = true;                   /* the silo's copy of the job's document is not the stored one */
byte limbo = NOBODY, limboToken;        /* a claim that the store carries out after its writer gave it up */

/* ---- the world ---- */
byte due = 0;                           /* fire times that have come */
byte crashes = CRASHES, losses = LOSSES, repeats = REPEATS, calls = CALLS, retentions = RETENTIONS;
byte pending[2];                        /* what each leader still has to offer */
chan offer[2] = [1] of { byte };
byte inHand[2] = NOBODY;                /* what each worker has taken and not finished */
byte token[2];                          /* the worker's generation: 1, 3, 5 … and 2, 4, 6 … */
bool deadSilo[12], fenced[12];          /* by token: declared dead by the cluster; and its scripts ended by their guard for certain */
byte process = 0;                       /* scripts that run right now */

/* ---- what is checked ---- */
byte starts[NAMES];
byte everOwed = 0;                      /* what the job's document ever said to launch */
bool settled[INSTANTS];                 /* its document was final once; retention may have removed it since */
bool mine[INSTANTS];                    /* the job must account for this fire time */

#define FINAL(e) (doc[e] == done || doc[e] == lost || doc[e] == dropped)
#define FLYING(e) (HAS(pending[0] | pending[1], e) || inHand[0] == e || inHand[1] == e || offer[0] ?? [eval(e)] || offer[1] ?? [eval(e)])
#define GONE(e) (doc[e] == running && fenced[owner[e]])
#define MOVES(e) (HAS(owed, e) && (FINAL(e) || GONE(e) || (doc[e] == none && !FLYING(e))))
#if INSTANTS == 1
#define MOVING (MOVES(0) || MOVES(1))
#else
#define MOVING (MOVES(0) || MOVES(1) || MOVES(2) || MOVES(3))
#endif
#define OPEN(i) (HAS(owed, NAME(i, 0)) || HAS(owed, NAME(i, 1)) || HAS(unrecorded, i) || doc[NAME(i, 0)] == running || doc[NAME(i, 1)] == running)
#define OVER(i) ((mark > i || !exists) && settled[i] && !OPEN(i))
#define TO_DO (exists && ((scheduled && !deleted && mark < due) || unrecorded != 0 || MOVING || (deleted && owed == 0 && unrecorded == 0)))

inline close(e, result) { doc[e] = result; settled[INSTANT(e)] = true; }

inline start(e) {
    starts[e]++;
    assert(starts[e] <= 1);             /* at most one start of each attempt */
    assert(!HAS(process, NAME(INSTANT(e), 0)) && !HAS(process, NAME(INSTANT(e), 1))); /* never two attempts at the same time */
    assert(HAS(everOwed, e));           /* nothing that no saved decision owes */
    process = process | BIT(e);
}

inline kill(e) { process = process & ~BIT(e); }

/* Only a document that is absent is created. One of a dropped month is not absent, it is before the horizon. */
inline create(e, result) {
    if
    :: doc[e] == none && INSTANT(e) >= horizon -> close(e, result)
    :: else -> skip
    fi
}

inline read() {
    copyMark = mark; copyOwed = owed; copyUnrecorded = unrecorded; copyScheduled = scheduled; copyDeleted = deleted; stale[me] = false
}

/* What it knew counts for nothing: the next wake reads it again. */
inline forget() {
    copyMark = 0; copyOwed = 0; copyUnrecorded = 0; copyScheduled = false; copyDeleted = false;
    newMark = 0; newOwed = 0; newUnrecorded = 0; newScheduled = false; newDeleted = false;
    finished = 0; retry = 0; drop = 0; call = 0; stale[me] = true; pc = 0
}

active proctype Clock() {
    do
    :: due < INSTANTS -> d_step { mine[due] = scheduled && !deleted && exists; due++ }
    :: else -> break
    od
}

/* One silo: a leader with an activation of the job. pc says what it is about to do; a crash may come before each step. */
proctype Silo(byte me) {
    byte pc = 0, e, i;
    byte copyMark, copyOwed, copyUnrecorded; bool copyScheduled, copyDeleted;
    byte newMark, newOwed, newUnrecorded; bool newScheduled, newDeleted;
    byte finished, retry, drop, call;          /* call: 0 a wake, 1 pause, 2 resume, 3 delete */

end:
    do
    /* Wake, or a client's call. */
    :: atomic { pc == 0 && TO_DO -> call = 0; pc = 1 }
    :: atomic { pc == 0 && calls > 0 && exists && !deleted -> calls--;
        if :: call = 1 :: call = 2 :: call = 3 fi; pc = 1 }

    /* Reads the job. An activation that works by an old copy is one that pauses after this step. */
    :: atomic { pc == 1 -> if :: exists -> read(); pc = 2 :: else -> forget() fi }

    /* OpenLaunches.SettleAsync: reads what became of open launches; closes those whose worker is gone for certain. */
    :: atomic { pc == 2 -> e = 0;
        do
        :: e < NAMES && HAS(copyOwed, e) ->
            if
            :: FINAL(e) || (doc[e] == none && INSTANT(e) < horizon) -> finished = finished | BIT(e)
#ifdef MUTANT_NO_FENCE
            :: doc[e] == running && deadSilo[owner[e]] -> close(e, lost); finished = finished | BIT(e)
#else
            :: GONE(e) -> close(e, lost); finished = finished | BIT(e)
#endif
            :: else -> skip
            fi;
            if :: doc[e] == lost -> retry = retry | BIT(e) :: else -> skip fi; e++
        :: e < NAMES && !HAS(copyOwed, e) -> e++
        :: e == NAMES -> break
        od; e = 0; pc = 3;

        /* JobPlanner: decides on its copy. Which policy decides is left open: each new fire time is launched or passed over. */
decide:
        newMark = copyMark; newUnrecorded = copyUnrecorded; newScheduled = copyScheduled; newDeleted = copyDeleted;
        newOwed = copyOwed & ~finished; e = 0;
        do
        :: e < NAMES && HAS(copyOwed & finished, e) && FIRST(e) && HAS(retry, e) && copyScheduled && !copyDeleted ->
            if :: newOwed = newOwed | BIT(e + 1) :: skip fi; e++ /* a retry: another attempt, another name */
        :: e < NAMES && !(HAS(copyOwed & finished, e) && FIRST(e) && HAS(retry, e) && copyScheduled && !copyDeleted) -> e++
        :: e == NAMES -> break
        od; e = 0;
        do
        :: newMark < due && copyScheduled && !copyDeleted ->
            if
            :: newOwed = newOwed | BIT(NAME(newMark, 0))
            :: newUnrecorded = newUnrecorded | BIT(newMark)
            fi; newMark++
        :: else -> break
        od;
        if
        :: call == 1 && !copyDeleted -> newScheduled = false; newMark = due; drop = newOwed
        :: call == 2 && !copyDeleted -> newScheduled = true; newMark = due
        :: call == 3 -> newDeleted = true; newMark = due; drop = newOwed
        :: else -> skip
        fi;
#ifdef MUTANT_MARK_BEFORE_SAVE
        if :: newMark > copyMark && !stale[me] -> mark = newMark :: else -> skip fi;
#endif
        if
        :: newMark == copyMark && newOwed == copyOwed && newUnrecorded == copyUnrecorded && newScheduled == copyScheduled && newDeleted == copyDeleted -> pc = 5
        :: else -> pc = 4
        fi }

    /* One write saves the decision; a conflict means to decide anew. */
    :: atomic { pc == 4 && stale[me] ->
#ifdef MUTANT_GO_ON_AFTER_CONFLICT
        pc = 5
#else
        if :: exists -> read(); goto decide :: else -> forget() fi
#endif
        }
    :: atomic { pc == 4 && !stale[me] ->
        i = newMark;
        do
        :: i < due && (newScheduled != scheduled || newDeleted != deleted) -> mine[i] = newScheduled && !newDeleted; i++
        :: else -> break
        od; i = 0;
        mark = newMark; owed = newOwed; everOwed = everOwed | owed; unrecorded = newUnrecorded; scheduled = newScheduled; deleted = newDeleted; stale[1 - me] = true;
        if
        :: copyUnrecorded = unrecorded; pc = 5
        :: losses > 0 -> losses--; forget()
        fi }
    :: atomic { pc == 4 && !stale[me] && losses > 0 -> losses--; forget() }

    /* OpenLaunches.DropAsync and RecordAsync: the first document wins. */
    :: atomic { pc == 5 && drop != 0 -> e = 0;
        do :: !HAS(drop, e) -> e++ :: else -> break od;
        drop = drop & ~BIT(e); create(e, dropped); e = 0 }
    :: atomic { pc == 5 && drop == 0 && copyUnrecorded != 0 -> e = 0;
        do :: !HAS(copyUnrecorded, e) -> e++ :: else -> break od;
#ifndef MUTANT_FORGET_BEFORE_RECORD
        create(NAME(e, 0), dropped);
#endif
        copyUnrecorded = copyUnrecorded & ~BIT(e); e = 0 }
    :: atomic { pc == 5 && drop == 0 && copyUnrecorded == 0 ->
        if
        :: !stale[me] && unrecorded != 0 -> unrecorded = 0; stale[1 - me] = true
        :: !stale[me] && deleted && owed == 0 && unrecorded == 0 -> exists = false; stale[1 - me] = true
        :: else -> skip
        fi;
        pending[me] = pending[me] | newOwed; /* the answer: what is owed is offered */
#ifdef MUTANT_FORGET_OWED
        if :: !stale[me] -> owed = 0; stale[1 - me] = true :: else -> skip fi;
#endif
        forget() }

    /* LeaderGrain.Make: an offer that is not answered is made again. */
    :: atomic { pending[me] != 0 -> e = 0;
        do
        :: !HAS(pending[me], e) || (HAS(pending[me] >> (e + 1), 0) && e + 1 < NAMES) -> e++
        :: HAS(pending[me], e) -> break
        od;
        if
        :: nfull(offer[0]) -> offer[0] ! e
        #ifndef ALONE
        :: nfull(offer[1]) -> offer[1] ! e
#endif
        :: skip                         /* the message was lost */
        fi;
        if
        :: pending[me] = pending[me] & ~BIT(e)
        :: repeats > 0 -> repeats--
        fi; e = 0 }

    :: atomic { crashes > 0 && (pc != 0 || pending[me] != 0) -> crashes--;
        pending[me] = 0; e = 0; i = 0; forget() }
    od
}

/* One worker and its guard. */
proctype Worker(byte me) {
    byte pc = 0, e, spool = NOBODY, spoolToken; bool ended;

    token[me] = me + 1;
end:
    do
    /* AcceptAsync: a slot, the spool, the claim. */
    :: atomic { pc == 0 && nempty(offer[me]) -> offer[me] ? e;
#ifndef MUTANT_NO_HORIZON
        if :: INSTANT(e) < horizon -> e = 0; goto end :: else -> skip fi;
#endif
        inHand[me] = e; spool = e; spoolToken = token[me]; pc = 1 }
#ifdef MUTANT_NO_CLAIM
    :: atomic { pc == 1 -> doc[e] = running; owner[e] = token[me]; pc = 2 }
#else
    :: atomic { pc == 1 && doc[e] != none -> spool = NOBODY; spoolToken = 0; inHand[me] = NOBODY; e = 0; pc = 0 }
    :: atomic { pc == 1 && doc[e] == none -> doc[e] = running; owner[e] = token[me];
        if
        :: pc = 2
        :: losses > 0 -> losses--;
#ifdef MUTANT_START_WITHOUT_ANSWER
            pc = 2
#else
            pc = 4
#endif
        fi }
    :: atomic { pc == 1 && doc[e] == none && losses > 0 -> losses--; /* never carried out, or later */
        if :: limbo == NOBODY -> limbo = e; limboToken = token[me] :: skip fi;
#ifdef MUTANT_START_WITHOUT_ANSWER
        pc = 2
#else
        pc = 4
#endif
        }
#endif

    /* ScriptHost.Start: announced to the guard, which refuses where the lease ran out since the claim. */
    :: atomic { pc == 2 ->
        if
#ifndef MUTANT_NO_HORIZON
        :: INSTANT(e) < horizon -> pc = 4
#endif
#ifdef MUTANT_NO_LEASE
        :: else -> start(e); pc = 3
#else
        :: else -> if :: fenced[token[me]] -> ended = true; pc = 5 :: else -> start(e); pc = 3 fi
#endif
        fi }
    :: atomic { pc == 3 -> kill(e); pc = 5 }

    /* CloseNeverStartedAsync: a claim without an answer is closed, if it was one. */
    :: atomic { pc == 4 ->
        if
        :: doc[e] == running && owner[e] == token[me] && INSTANT(e) >= horizon -> close(e, lost)
        :: doc[e] == running && owner[e] == token[me] && INSTANT(e) < horizon -> doc[e] = none; owner[e] = 0
        :: else -> skip
        fi; spool = NOBODY; spoolToken = 0; inHand[me] = NOBODY; e = 0; pc = 0 }

    /* OutcomeWriter: by the claim's revision, until it is answered. */
    :: atomic { pc == 5 ->
        if
#ifdef MUTANT_NO_REVISION
        :: doc[e] != none -> if :: ended -> close(e, lost) :: else -> assert(doc[e] != lost); close(e, done) fi
#else
        :: doc[e] == running && owner[e] == token[me] -> if :: ended -> close(e, lost) :: else -> close(e, done) fi
#endif
        :: else -> skip
        fi;
        if
        :: spool = NOBODY; spoolToken = 0; inHand[me] = NOBODY; ended = false; e = 0; pc = 0
        :: losses > 0 -> losses--
        fi }

    /* The audit: a claim of its own that it does not hold. */
    :: d_step { pc == 0 && NAMES > 0 && doc[0] == running && owner[0] == token[me] -> close(0, lost) }
    :: d_step { pc == 0 && doc[1] == running && owner[1] == token[me] -> close(1, lost) }
#if INSTANTS > 1
    :: d_step { pc == 0 && doc[2] == running && owner[2] == token[me] -> close(2, lost) }
    :: d_step { pc == 0 && doc[3] == running && owner[3] == token[me] -> close(3, lost) }
#endif

    /* Paused for too long: declared dead; then the lease runs out, and the guard ends its scripts. */
    :: atomic { crashes > 0 && pc != 6 && pc != 0 && !deadSilo[token[me]] -> crashes--; deadSilo[token[me]] = true }
    :: atomic { pc != 6 && deadSilo[token[me]] && !fenced[token[me]] -> fenced[token[me]] = true;
        if :: pc == 3 && HAS(process, e) -> kill(e); ended = true :: else -> skip fi }

    /* Killed, or it finds that it was declared dead: the guard ends its scripts. A start has another generation. */
    :: atomic { pc != 6 && (deadSilo[token[me]] || (crashes > 0 && pc != 0)) ->
        if :: deadSilo[token[me]] -> skip :: else -> crashes-- fi;
        if :: pc == 3 -> kill(e) :: else -> skip fi;
        deadSilo[token[me]] = true; fenced[token[me]] = true;
        inHand[me] = NOBODY; e = 0; ended = false; pc = 6 }
    :: atomic { pc == 6 && nempty(offer[me]) -> offer[me] ? e; e = 0 } /* nobody answers */
    :: atomic { pc == 6 && token[me] + 2 < 12 -> token[me] = token[me] + 2;
        if
        :: spool == NOBODY -> pc = 0
        :: else -> pc = 7
        fi }

    /* SpoolRecovery: what the spool says was begun is closed, never started. */
    :: atomic { pc == 7 ->
#ifdef MUTANT_START_FROM_SPOOL
        start(spool); kill(spool);
#endif
        if
        :: doc[spool] == running && owner[spool] == spoolToken -> close(spool, lost)
        :: else -> skip
        fi; spool = NOBODY; spoolToken = 0; pc = 0 }
    od
}

/* The store carries out a claim long after its writer gave it up. */
active proctype Slow() {
end:
    do
    :: atomic { limbo != NOBODY ->
        if
        :: doc[limbo] == none && INSTANT(limbo) >= horizon -> doc[limbo] = running; owner[limbo] = limboToken
        :: else -> skip
        fi; limbo = NOBODY; limboToken = 0 }
    od
}

/* A month (here: a fire time) is dropped only when nothing in it is owed or running; the horizon is saved first. */
active proctype Retention() {
    byte i = 0;
end:
    do
    :: atomic { retentions > 0 && i < INSTANTS && OVER(i) -> retentions--; horizon = i + 1 }
    :: atomic { i < horizon -> doc[NAME(i, 0)] = none; owner[NAME(i, 0)] = 0; doc[NAME(i, 1)] = none; owner[NAME(i, 1)] = 0; i++ }
    od
}

init {
    atomic {
        pending[0] = 0; pending[1] = 0;
        run Silo(0); run Worker(0);
#ifndef ALONE
        run Silo(1); run Worker(1)
#endif
    }
    /* When nothing can happen any more, every fire time is accounted for, and nothing is left "running" or owed. */
end:
    timeout -> byte n = 0;
    do
    :: n < due -> assert(!mine[n] || settled[n]); assert(doc[NAME(n, 0)] != running && doc[NAME(n, 1)] != running); n++
    :: else -> break
    od;
    assert(due == INSTANTS);
    assert(!exists || (owed == 0 && unrecorded == 0));
    assert(process == 0)
}
