/*
 * What is asked for beside the schedule: runs with an idempotency key, and backfills, asked again and again by clients that were not answered, while two
 * silos both have the job and somebody deletes it. How a launch is claimed and started is launch.pml's part: here a name is claimed once. See README.md.
 */
#ifndef ASKS
#define ASKS 2                          /* how often the run is asked for, with one key */
#endif
#ifndef FILLS
#define FILLS 2                         /* how often the backfill is */
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
#ifndef DELETES
#define DELETES 1
#endif

#define RUNS 2                          /* names of manual runs: by the counter in the job's document */
#define PERIOD 2                        /* fire times of the backfill's period */
#define NAMES (RUNS + PERIOD)
#define FILL(i) (RUNS + (i))
#define BIT(x) (1 << (x))
#define HAS(set, x) (((set) >> (x)) & 1)
#define NOBODY 255
#define WAKE 0
#define RUN 1
#define BACKFILL 2
#define DELETE 3

/* ---- the store ---- */
mtype = { none, running, over, dropped };
mtype doc[NAMES] = none;                /* the executions' documents */
bool exists = true, deleted = false;
byte runs = 0, keyed = NOBODY;          /* manual runs so far, and the one that the key asked for */
bool begun = false;                     /* the backfill */
byte mark = 0;                          /* its fire times before this one are decided */
byte owed = 0;                          /* the outbox */
bool stale[2] = true;                   /* the silo's copy of the job's document is not the stored one */
bool limbo = false, limboDeleted, limboBegun; byte limboRuns, limboKeyed, limboMark, limboOwed, limboFresh; /* a write that is carried out after its writer gave it up */

/* ---- the world ---- */
byte asks = ASKS, fills = FILLS, deletes = DELETES, crashes = CRASHES, losses = LOSSES;
byte pending[2];                        /* what each silo has to offer */
byte succeeded = 0;                     /* fire times of the period that had an execution that succeeded */

/* ---- what is checked ---- */
byte starts[NAMES], everOwed = 0, answer = NOBODY;
bool promised = false;                  /* a backfill */

#define FINAL(e) (doc[e] == over || doc[e] == dropped)
#define MOVES(e) (HAS(owed, e) && (FINAL(e) || (doc[e] == none && (deleted || !HAS(pending[0] | pending[1], e)))))
#define TO_DO (exists && (MOVES(0) || MOVES(1) || MOVES(2) || MOVES(3) || (owed == 0 && (deleted || (begun && mark < PERIOD)))))

inline read() { copyRuns = runs; copyKeyed = keyed; copyBegun = begun; copyMark = mark; copyOwed = owed; copyDeleted = deleted; stale[me] = false }

inline forget() {
    copyRuns = 0; copyKeyed = 0; copyBegun = false; copyMark = 0; copyOwed = 0; copyDeleted = false;
    newRuns = 0; newKeyed = 0; newBegun = false; newMark = 0; newOwed = 0; newDeleted = false;
    finished = 0; fresh = 0; drop = 0; result = NOBODY; call = 0; stale[me] = true; pc = 0
}

/* Whoever else has an older copy is refused from now on, a write in limbo as well. */
inline store(r, k, b, m, o, f, d) {
    assert((everOwed & f) == 0);        /* nothing is launched a second time */
    everOwed = everOwed | f;
#ifndef MUTANT_FORGET_FILLS
    owed = o;
#else
    owed = o & (BIT(RUNS) - 1);
#endif
#ifndef MUTANT_FORGET_MARK
    mark = m;
#endif
#ifndef MUTANT_FORGET_KEY
    keyed = k;
#endif
    runs = r; begun = b; deleted = d; limbo = false; stale[0] = true; stale[1] = true
}

/* The client is told, or is not: it asks again in any case, as long as it likes. */
inline tell() {
    if
    :: call == RUN && result != NOBODY -> assert(answer == NOBODY || answer == result); answer = result /* the same key, the same answer */
    :: call == BACKFILL && newBegun && !newDeleted -> promised = true
    :: true
    fi
}

/* One silo with an activation of the job. */
proctype Silo(byte me) {
    byte pc = 0, call = WAKE, e = 0;
    byte copyRuns, copyKeyed, copyMark, copyOwed; bool copyBegun, copyDeleted;
    byte newRuns, newKeyed, newMark, newOwed; bool newBegun, newDeleted;
    byte finished, fresh, drop, result = NOBODY;

end:
    do
    :: atomic { pc == 0 && TO_DO -> call = WAKE; pc = 1 }
    :: atomic { pc == 0 && asks > 0 && exists -> asks--; call = RUN; pc = 1 }
    :: atomic { pc == 0 && fills > 0 && exists -> fills--; call = BACKFILL; pc = 1 }
    :: atomic { pc == 0 && deletes > 0 && exists -> deletes--; call = DELETE; pc = 1 }

    :: atomic { pc == 1 -> if :: exists && call == WAKE -> read(); pc = 2 :: exists && call != WAKE -> read(); goto decide :: else -> forget() fi }

    /* OpenLaunches.SettleAsync, for a wake. */
    :: atomic { pc == 2 -> e = 0;
        do
        :: e < NAMES -> if :: call == WAKE && HAS(copyOwed, e) && FINAL(e) -> finished = finished | BIT(e) :: else -> skip fi; e++
        :: e == NAMES -> break
        od; e = 0;

        /* JobPlanner: RunNow, RequestBackfill, Delete, PlanBackfill. */
decide:
        newRuns = copyRuns; newKeyed = copyKeyed; newBegun = copyBegun; newMark = copyMark; newDeleted = copyDeleted; newOwed = copyOwed & ~finished; fresh = 0; result = NOBODY;
        if
#ifdef MUTANT_PROMISE_OF_DELETED
        :: call == RUN && copyDeleted -> result = copyRuns % RUNS
#endif
        :: call == RUN && !copyDeleted && copyKeyed != NOBODY -> result = copyKeyed
        :: call == RUN && !copyDeleted && copyKeyed == NOBODY ->
            result = copyRuns; newKeyed = result; newRuns++; fresh = BIT(result)
        :: call == BACKFILL && !copyDeleted -> newBegun = true
        :: call == DELETE -> newDeleted = true
        :: call == WAKE && copyBegun && !copyDeleted && newOwed == 0 ->  /* one at a time */
            do
            :: newMark < PERIOD && HAS(succeeded, newMark) -> newMark++
            :: newMark < PERIOD && !HAS(succeeded, newMark) -> fresh = BIT(FILL(newMark)); newMark++; break
            :: newMark == PERIOD -> break
            od
        :: else -> skip
        fi;
        newOwed = newOwed | fresh;
        drop = (newDeleted -> newOwed : 0);
#ifdef MUTANT_ANSWER_BEFORE_SAVE
        tell();
#endif
        if
        :: newRuns == copyRuns && newBegun == copyBegun && newMark == copyMark && newOwed == copyOwed && newDeleted == copyDeleted -> pc = 5
        :: else -> pc = 4
        fi }

    /* One write saves the decision; a conflict means to decide anew. */
    :: atomic { pc == 4 && stale[me] -> if :: exists -> read(); goto decide :: else -> forget() fi }
    :: atomic { pc == 4 && !stale[me] ->
        if
        :: store(newRuns, newKeyed, newBegun, newMark, newOwed, fresh, newDeleted); stale[me] = false; pc = 5
        :: losses > 0 -> losses--; store(newRuns, newKeyed, newBegun, newMark, newOwed, fresh, newDeleted); forget()
        :: losses > 0 -> losses--; forget()
        :: losses > 0 -> losses--; limbo = true;
            limboRuns = newRuns; limboKeyed = newKeyed; limboBegun = newBegun; limboMark = newMark; limboOwed = newOwed; limboFresh = fresh; limboDeleted = newDeleted; forget()
        fi }

    /* OpenLaunches.DropAsync: the first document wins. Then the answer, and what is owed is offered. */
    :: atomic { pc == 5 && drop != 0 -> e = 0;
        do :: !HAS(drop, e) -> e++ :: else -> break od;
        drop = drop & ~BIT(e); if :: doc[e] == none -> doc[e] = dropped :: else -> skip fi; e = 0 }
    :: atomic { pc == 5 && drop == 0 ->
        if :: !stale[me] && deleted && owed == 0 -> exists = false; limbo = false; stale[1 - me] = true :: else -> skip fi;
        pending[me] = pending[me] | newOwed;
        tell(); forget() }

    :: atomic { crashes > 0 && (pc != 0 || pending[me] != 0) -> crashes--; pending[me] = 0; e = 0; forget() }
    od
}

/* Workers: a name is claimed once. */
proctype Workers() {
    byte e, from;
end:
    do
    :: atomic { pending[0] != 0 || pending[1] != 0 -> e = 0;
        from = (pending[0] != 0 -> 0 : 1); if :: pending[1] != 0 -> from = 1 :: true fi;
        do :: !HAS(pending[from], e) -> e++ :: else -> break od;
        pending[from] = pending[from] & ~BIT(e);
        if :: doc[e] == none -> doc[e] = running; starts[e]++; assert(starts[e] <= 1 && HAS(everOwed, e)) :: else -> skip fi; e = 0; from = 0 }
    :: d_step { doc[0] == running -> doc[0] = over }
    :: d_step { doc[1] == running -> doc[1] = over }
    :: d_step { doc[2] == running -> doc[2] = over }
    :: d_step { doc[3] == running -> doc[3] = over }
    od
}

/* The store carries out a write long after its writer gave it up, unless somebody else has written since. */
active proctype Slow() {
end:
    do
    :: atomic { limbo -> store(limboRuns, limboKeyed, limboBegun, limboMark, limboOwed, limboFresh, limboDeleted);
        limboRuns = 0; limboKeyed = 0; limboBegun = false; limboMark = 0; limboOwed = 0; limboFresh = 0; limboDeleted = false }
    od
}

init {
    byte n = 0;
    atomic {
        if :: asks > 0 -> asks = 1 :: true fi; if :: deletes = 0 :: true fi;
        if :: succeeded = 0 :: FILLS > 0 -> succeeded = 1 :: FILLS > 0 -> succeeded = 2 fi;
        run Silo(0); run Silo(1); run Workers()
    }
    /* When nothing can happen any more, what was promised has come, and nothing is left over. */
end:
    timeout ->
    assert(answer == NOBODY || FINAL(answer));
    assert(!exists || owed == 0);
    do
    :: n < PERIOD -> assert(!HAS(succeeded, n) || doc[FILL(n)] == none);            /* nothing that has succeeded is run again */
        assert(!(exists && promised) || HAS(succeeded, n) || FINAL(FILL(n))); n++   /* and the rest of the period is */
    :: n >= PERIOD && n < PERIOD + NAMES -> assert(doc[n - PERIOD] != running); n++
    :: n == PERIOD + NAMES -> break
    od
}
