/*
Who may settle a shard: a model of claims and settlements, for Spin. Scripts/check-model explores all of it.

WHAT IS MODELLED (one shard; several shards of a round are compared and settled one by one in the same transaction)

  Database     shard_cursors (epoch, nonce, processed_sequence), command_log with last_sequence, and the effects of the
               settled rows: orders, trades, cash. One server at a time.
  Worker       WorkerService.claim, then ExecutionLane: books, rows in hand, one settlement at a time.
  Server       the PostgreSQL process behind a worker's connection: carries out SettlingTransaction, also when the
               worker has long given up waiting.
  Gateway      acceptance: appends rows to the log.
  Standby      a copy of the database as of any earlier moment, and one fail-over to it: whatever was committed since is
               gone, epochs are handed out a second time, sequences a second time to other commands.

Leases in Redis are not here, and that is the point: whoever likes may claim, and drop a shard, at any moment. So every
history of leases, wipes, restarts, pauses and partitions is among the explored ones. Nor is there a clock.

A row's content is the number of the timeline that accepted it, 1 or 2, so that commands that share a sequence differ.
Rows are packed, two bits each; the effects in the database, and a worker's books, are the rows they are made of.

WHAT MUST HOLD, whenever a settlement changes the database

  once         none of its rows has been settled in this timeline: no effect twice, no position settled by two workers
  own books    the books it was computed from are the database's state at the position that it was compared with
  in order     the effects in the database are those of the log's rows 1 to processed, of this log, without a gap

WHAT THE GUARDS ARE FOR: each can be left out, and then Spin finds a violation

  NO_ROW_LOCK  the comparison is a SELECT before the write: between the two a claim and a settlement fit, and rows are
               settled twice. (The others need the fail-over. Without one, the sequence alone would do.)
  NO_SEQUENCE  an owner settles row 1, the fail-over takes back that settlement but not the claim; the owner goes on
               with row 2, and row 1 is never settled.
  NO_NONCE     an owner settles row 1, the fail-over takes back claim and row; another claims, is given the same epoch
               and settles the other row 1. Now epoch and sequence are what the old owner expects; its books are not.
  NO_EPOCH     the same, when a second claim behind the fail-over draws the old owner's nonce.

Nonces are random, so nothing makes them unique. The model lets them repeat as they please, except among claims that were
given the same epoch: those are two at most, one on either side of the fail-over. That is what comparing the epoch buys:
luck is needed for one pair, not for all claims there ever were. If no nonce ever came twice (UNIQUE_NONCES), comparing
the epoch would be superfluous, and Spin says so.

  NO_CONTIGUITY  rows of the log are found table by table, and one may not be found: what comes behind the missing row is
               settled without it. (With the guard a run ends before the first row that is missing.)
  NO_FOLLOWING books that were prepared before the claim are taken as they are, though others have settled since. Every
               guard of the settlement compares what the claim returned, which is right; the books are not.

  LATE_BOOKS   books are taken as they are read, though a claim is answered before: when another claims and settles in
               between, they are ahead of the cursor. Every guard refuses them, until a fail-over takes back just that
               claim and that settlement. So the cursor is read with them, and compared with the claim's.

TWO WAYS TO LOSE THE END OF A DATABASE

  RESTORE      (as it is without a switch) an earlier copy of the same branch of history, such as a snapshot of the disk:
               nothing tells it from what it was. Taken for granted is that no row was lost that waits in a worker's hands
               or in the shard's stream: otherwise it is settled in place of the row that has its sequence now, and no
               guard helps. Who restores so has to stop the workers and to empty Redis.
  PROMOTION    a replica becomes the primary, and with that begins another branch (timeline). Nothing is taken for granted:
               it may have lagged. Log rows, ownerships and settlements name the branch that they belong to, and what
               belongs to another one is left out or refused.
  NO_HISTORY   the same without these names: a lost row is settled in place of the one that has its sequence now. Epoch,
               nonce and sequence are as expected, and so are the books.

TWO MORE WAYS OF WORKING

  HAND_OVER    books are prepared before the claim, in a snapshot and beside a living owner; behind the claim they follow the
               processed rows of the log up to the cursor that the claim returned. Books of another branch of history, or
               ahead of the claim, are read anew. (HandOverReceiver)
  PARTS        the server receives a settlement in parts: it has compared, holds the lock of the row, and the rest may come
               late or never. Nobody claims or settles meanwhile. The server rolls back when its client is gone, and when
               somebody who waits ends the session. With FROZEN the rest never comes. NO_ENDING leaves the ending out: then
               a worker that froze in the middle keeps the shard for good.

BOUNDS  WORKERS (2 or 3), ROWS (4 at most) in the log, CLAIMS in all.
GOAL    turns the model's purpose into an error, to show that it can be reached.
STORIES `spin -t` tells what led to an error; rows are packed and hexadecimal there.
*/

#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef ROWS
#define ROWS 3
#endif
#ifndef CLAIMS
#define CLAIMS 3
#endif

/* Packed rows: sequence s is in bits 2s-2 and 2s-1; 0 is no row. */
#define UPTO(s)                   ((1 << (2 * (s))) - 1)
#define THROUGH(rows, s)          ((rows) & UPTO(s))
#define BETWEEN(rows, from, last) ((rows) & UPTO(last) & ~UPTO(from))
#define PLACED(content, s)        ((content) << (2 * ((s) - 1)))

typedef Database {
  byte epoch;     /* shard_cursors */
  byte nonce;
  byte processed;
  byte effects;   /* what settling has left in all other tables */
  byte last;      /* shard_logs */
  byte log        /* command_log */
}

/* What a worker has in memory; a crash empties it. */
typedef Owner {
  byte phase;
#ifdef PROMOTION
  byte history;   /* Ownership: the timeline of the claim */
#endif
  byte epoch;     /* Ownership: what the claim returned */
  byte nonce;
  byte cursor;    /* ShardEngine.cursor */
#ifdef HAND_OVER
  byte prepared;  /* the cursor of books that were read before the claim; NOT_PREPARED when there are none */
#endif
  byte books;     /* ShardEngine as of the last settlement that is known to be stored */
  byte through;   /* the run of rows that has been matched, and its last sequence */
  byte rows
}

/* A settling transaction on its way to the server or in it: its ShardCommit, and the books it came from. */
typedef Settlement {
  byte state;
#ifdef PROMOTION
  byte history;
#endif
  byte epoch;
  byte nonce;
  byte from;
  byte books;
  byte through;
  byte rows
}

/* Phases of a worker. */
#define IDLE    0   /* does not own the shard, or has dropped it */
#define CLAIMED 1   /* the claim has been answered, the books have not been read */
#define READY   2   /* in work, everything matched is settled */
#define MATCHED 3   /* a run is matched, to be sent (again) */
#define WAITING 4   /* sent, no answer yet */
#define PREPARED 5  /* HAND_OVER: has books, and has not claimed */

/* States of a settlement. */
#define NONE     0
#define SENT     1
#define COMPARED 2  /* NO_ROW_LOCK alone: compared, not yet written */
#define PART     3  /* PARTS alone: compared, the row is locked, the rest has not been received */

#ifdef PROMOTION
#define NAME(whose, timeline) whose.history = timeline
#else
#define NAME(whose, timeline) skip
#endif

Database db;
Database standby;
hidden Database nothing;
bool replicated;
byte timeline = 1;
byte claims;
byte given[CLAIMS + 1];      /* the nonces (bits) that claims with this epoch have drawn, in either timeline */
Owner owner[WORKERS];
Settlement settlement[WORKERS];

#ifdef HAND_OVER
#define NOT_PREPARED 15
#define FORGET(w) owner[w].prepared = NOT_PREPARED
#else
#define FORGET(w) skip
#endif
#ifdef PARTS
bool isLocked;               /* the row of shard_cursors, by a settlement that has been received in part */
#define IS_FREE (!isLocked)
#else
#define IS_FREE true
#endif

#ifdef PROMOTION
byte stream;                 /* rows of the first timeline that Redis still delivers in the second */
#endif
#ifdef GOAL
byte hands;                  /* the workers (bits) that have settled in the second timeline */
bool hasLost;
#ifdef PARTS
bool hasStalled;             /* a settlement has been received in part */
#endif
#endif

inline copy(to, from) {
  to.epoch = from.epoch; to.nonce = from.nonce; to.processed = from.processed;
  to.effects = from.effects; to.last = from.last; to.log = from.log
}

/* ExecutionLane.drop, a lost lease, a crash: what is known of the shard is forgotten. */
inline drop(w) {
  owner[w].phase = IDLE;
  NAME(owner[w], 0);
  FORGET(w);
  owner[w].epoch = 0; owner[w].nonce = 0; owner[w].cursor = 0; owner[w].books = 0;
  owner[w].through = 0; owner[w].rows = 0
}

/* The transaction has ended, or its connection has. */
inline vanish(w) {
#ifdef PARTS
  if
  :: settlement[w].state == PART -> isLocked = false
  :: else
  fi;
#endif
  settlement[w].state = NONE;
  NAME(settlement[w], 0);
  settlement[w].epoch = 0; settlement[w].nonce = 0; settlement[w].from = 0; settlement[w].books = 0;
  settlement[w].through = 0; settlement[w].rows = 0
}

/* Claiming ---------------------------------------------------------------------------------------------------------- */

/* A nonce that no claim with this epoch has. Which of the two the very first is makes no difference. */
inline draw_nonce() {
#ifdef UNIQUE_NONCES
  db.nonce = claims
#else
  if
  :: !(given[db.epoch] & 1) -> db.nonce = 1
  :: !(given[db.epoch] & 2) && claims > 1 -> db.nonce = 2
  fi;
  given[db.epoch] = given[db.epoch] | db.nonce
#endif
}

/* SettlingStatements.claim: one UPDATE. Its answer may be lost, and with it the claim. */
inline claim(w) {
  claims++;
  db.epoch++;
  draw_nonce();
  if
  ::
#ifdef HAND_OVER
#ifdef PROMOTION
     if
     :: owner[w].history != timeline -> FORGET(w); owner[w].books = 0
     :: else
     fi;
#endif
#endif
     NAME(owner[w], timeline);
     owner[w].epoch = db.epoch;
     owner[w].nonce = db.nonce;
     owner[w].cursor = db.processed;
     owner[w].phase = CLAIMED;
     printf("worker %d claims: epoch %d, nonce %d, processed %d\n", w, db.epoch, db.nonce, db.processed)
  :: printf("worker %d claims epoch %d, nonce %d, and gets no answer\n", w, db.epoch, db.nonce)
  fi
}

/* SettlingStatements.openOrders: a statement of its own, behind the claim. Others may have claimed and settled since. */
/* Cursor and open orders are read in one statement; a cursor that has moved since the claim says that another has
   claimed and settled. */
inline read_books(w) {
  if
#ifdef LATE_BOOKS
  :: true ->
#else
  :: db.processed != owner[w].cursor -> drop(w)
  :: else ->
#endif
     owner[w].books = db.effects;
     owner[w].phase = READY;
     printf("worker %d reads its books: rows %x, for position %d\n", w, owner[w].books, owner[w].cursor)
  fi
}

#ifdef HAND_OVER
/* HandOverReceiver.readBooks: cursor and open orders in one snapshot, beside a living owner. */
inline prepare(w) {
  NAME(owner[w], timeline);
  owner[w].prepared = db.processed;
  owner[w].books = db.effects;
  owner[w].phase = PREPARED;
  printf("worker %d prepares books: rows %x, for position %d\n", w, owner[w].books, owner[w].prepared)
}

/* HandOverReceiver.caughtUp: behind the claim, with the rows that have been processed since. What is processed is final
   there; but another may have claimed and settled by now, and then the books are dropped, as they are when read late. */
inline follow(w) {
  if
  :: owner[w].prepared > owner[w].cursor -> drop(w)
  :: else ->
#ifndef NO_FOLLOWING
     owner[w].books = owner[w].books | BETWEEN(db.log, owner[w].prepared, owner[w].cursor);
#endif
     FORGET(w);
     owner[w].phase = READY;
     printf("worker %d goes on with prepared books: rows %x, for position %d\n", w, owner[w].books, owner[w].cursor)
  fi
}
#endif

/* Settling ---------------------------------------------------------------------------------------------------------- */

/* ShardInbox: rows of another branch are left out. The stream is that of the first. */
#ifdef NO_HISTORY
#define TAKES_LOST_ROWS(w) true
#else
#define TAKES_LOST_ROWS(w) (owner[w].history == 1)
#endif

/* Takes a run of one or more rows from the log, or from the stream, and matches it. */
inline match(w) {
  owner[w].through = owner[w].cursor + 1;
  do
  :: owner[w].through < db.last -> owner[w].through++
  :: break
  od;
#ifdef NO_CONTIGUITY
  owner[w].rows = BETWEEN(db.log, owner[w].cursor, owner[w].through);
  if
  :: owner[w].through - owner[w].cursor > 1 ->
     owner[w].rows = owner[w].rows & ~BETWEEN(db.log, owner[w].cursor, owner[w].cursor + 1)
  :: skip
  fi;
#else
  /* Any prefix of the log's rows: what is behind a row that is not found is left for later. */
  owner[w].rows = BETWEEN(db.log, owner[w].cursor, owner[w].through);
#endif
#ifdef PROMOTION
  if
  :: TAKES_LOST_ROWS(w) && BETWEEN(stream, owner[w].through - 1, owner[w].through) ->
     owner[w].rows = BETWEEN(stream, owner[w].cursor, owner[w].through)
  :: skip
  fi;
#endif
  owner[w].phase = MATCHED;
  printf("worker %d matches rows %x, through %d\n", w, owner[w].rows, owner[w].through)
}

inline send(w) {
#ifdef PROMOTION
  NAME(settlement[w], owner[w].history);
#endif
  settlement[w].epoch = owner[w].epoch;
  settlement[w].nonce = owner[w].nonce;
  settlement[w].from = owner[w].cursor;
  settlement[w].books = owner[w].books;
  settlement[w].through = owner[w].through;
  settlement[w].rows = owner[w].rows;
  settlement[w].state = SENT;
  owner[w].phase = WAITING;
  printf("worker %d sends its settlement\n", w)
}

/* LedgerError.unavailable: a conflict, a time limit, no connection. Nothing is stored; the same will be sent again. */
inline put_off(w) {
  vanish(w);
  owner[w].phase = MATCHED;
  printf("worker %d is told to send it again\n", w)
}

/* The WHERE of move_cursors. */
#ifdef NO_EPOCH
#define SAME_EPOCH(s) true
#else
#define SAME_EPOCH(s) (s.epoch == db.epoch)
#endif
#ifdef NO_NONCE
#define SAME_NONCE(s) true
#else
#define SAME_NONCE(s) (s.nonce == db.nonce)
#endif
#ifdef NO_SEQUENCE
#define SAME_SEQUENCE(s) true
#else
#define SAME_SEQUENCE(s) (s.from == db.processed)
#endif
/* SettleOutcome.failedOver: a connection knows the branch that it is connected to. */
#if defined(PROMOTION) && !defined(NO_HISTORY)
#define SAME_HISTORY(s) (s.history == timeline)
#else
#define SAME_HISTORY(s) true
#endif
#define PASSES(s) (SAME_HISTORY(s) && SAME_EPOCH(s) && SAME_NONCE(s) && SAME_SEQUENCE(s))

/* The rest of the transaction, and its commit. */
inline write(s) {
  printf("the server settles from %d through %d, rows %x, books %x\n", s.from, s.through, s.rows, s.books);
  assert(BETWEEN(db.effects, s.from, s.through) == 0);      /* once */
  assert(s.books == db.effects);                            /* own books */
  db.effects = db.effects | s.rows;
  db.processed = s.through;
  assert(db.effects == THROUGH(db.log, db.processed))       /* in order */
}

inline stored(w) {
  write(settlement[w]);
  if
  :: owner[w].phase == WAITING ->
     owner[w].cursor = owner[w].through;
     owner[w].books = owner[w].books | owner[w].rows;
     owner[w].through = 0;
     owner[w].rows = 0;
     owner[w].phase = READY
  :: else   /* nobody waits for the answer */
  fi;
#ifdef GOAL
  if
  :: timeline == 2 -> hands = hands | (1 << w)
  :: else
  fi;
#ifdef PARTS
  assert(!(hasStalled && db.processed == ROWS));
#else
  assert(!(hasLost && hands == 3 && db.processed == ROWS));
#endif
#endif
  vanish(w)
}

/* SettleOutcome.fenced */
inline refused(w) {
  if
  :: owner[w].phase == WAITING -> drop(w)
  :: else
  fi;
  vanish(w);
  printf("the server refuses the settlement of worker %d\n", w)
}

#ifdef PARTS
/* LedgerError.outcomeUnknown */
inline lose(w) {
  if
  :: owner[w].phase == WAITING -> drop(w)
  :: else
  fi;
  printf("the session that settles for worker %d is ended\n", w)
}
#endif

/* Processes --------------------------------------------------------------------------------------------------------- */

/* The last step is every reason to stop: a lease lost or given up, a crash, and a connection lost before the answer of a
   settlement (LedgerError.outcomeUnknown), which may still be carried out. */
proctype Worker(byte w) {
end:
  do
#ifdef HAND_OVER
  :: atomic { owner[w].phase == IDLE && claims < CLAIMS -> prepare(w) }
  :: atomic { (owner[w].phase == IDLE || owner[w].phase == PREPARED) && claims < CLAIMS && IS_FREE -> claim(w) }
  :: atomic { owner[w].phase == CLAIMED && owner[w].prepared == NOT_PREPARED -> read_books(w) }
  :: atomic { owner[w].phase == CLAIMED && owner[w].prepared != NOT_PREPARED -> follow(w) }
#else
  :: atomic { owner[w].phase == IDLE && claims < CLAIMS && IS_FREE -> claim(w) }
  :: atomic { owner[w].phase == CLAIMED -> read_books(w) }
#endif
  :: atomic { owner[w].phase == READY && owner[w].cursor < db.last -> match(w) }
  :: atomic { owner[w].phase == MATCHED && settlement[w].state == NONE -> send(w) }
  :: atomic { owner[w].phase == WAITING && settlement[w].state == SENT -> put_off(w) }
  :: atomic { owner[w].phase != IDLE -> drop(w); printf("worker %d drops the shard\n", w) }
  od
}

/* Between the comparison and the commit the row is locked: for all others they are one step. */
proctype Server(byte w) {
end:
  do
#ifdef PARTS
  :: atomic { settlement[w].state == SENT && IS_FREE ->
       if
       :: PASSES(settlement[w]) ->
          settlement[w].state = PART;
          isLocked = true;
#ifdef GOAL
          hasStalled = true;
#endif
          printf("the server has received a part of the settlement of worker %d\n", w)
       :: PASSES(settlement[w]) -> stored(w)
       :: else -> refused(w)
       fi }
#ifndef FROZEN
  :: atomic { settlement[w].state == PART -> stored(w) }
#endif
#ifndef NO_ENDING
  /* Its client has died, or somebody who waits has ended the session: then the client finds its connection lost. */
  :: atomic { settlement[w].state == PART -> vanish(w); lose(w) }
#endif
#else
#ifndef NO_ROW_LOCK
  :: atomic { settlement[w].state == SENT ->
       if
       :: PASSES(settlement[w]) -> stored(w)
       :: else -> refused(w)
       fi }
#else
  :: atomic { settlement[w].state == SENT ->
       if
       :: PASSES(settlement[w]) -> settlement[w].state = COMPARED
       :: else -> refused(w)
       fi }
  :: atomic { settlement[w].state == COMPARED -> stored(w) }
#endif
#endif
  /* The client is gone. (One that froze in the middle of sending is not.) */
  :: atomic { settlement[w].state != NONE && settlement[w].state != PART && owner[w].phase != WAITING -> vanish(w) }
  od
}

proctype Gateway() {
end:
  do
  :: atomic { db.last < ROWS ->
       db.last++;
       db.log = db.log | PLACED(timeline, db.last);
       printf("the gateway accepts row %d of timeline %d\n", db.last, timeline) }
  od
}

#ifdef PROMOTION
#define HAS_LOST_ROWS(w) false
#else
#ifdef HAND_OVER
#define HAS_LOST_BOOKS(w) (owner[w].phase == PREPARED && owner[w].prepared > standby.processed)
#else
#define HAS_LOST_BOOKS(w) false
#endif
#define HAS_LOST_ROWS(w) ((owner[w].phase == MATCHED && owner[w].through > standby.last) || HAS_LOST_BOOKS(w))
#endif
#define TAKEN_FOR_GRANTED(w) (!HAS_LOST_ROWS(w))
#if WORKERS > 2
#define ALL_TAKEN_FOR_GRANTED (TAKEN_FOR_GRANTED(0) && TAKEN_FOR_GRANTED(1) && TAKEN_FOR_GRANTED(2))
#else
#define ALL_TAKEN_FOR_GRANTED (TAKEN_FOR_GRANTED(0) && TAKEN_FOR_GRANTED(1))
#endif

/* All connections are lost, and what was in flight with them. A worker that waits for a settlement drops the shard, one
   that reads its books gives its claim up. Any other notices nothing: when reading the log fails, the session connects
   anew, and the shard stays in work. */
inline fail_over() {
#ifdef PROMOTION
  stream = db.log;
#endif
#ifdef GOAL
  hasLost = (db.last > standby.last && db.processed > standby.processed);
#ifdef PARTS
  hasStalled = false;   /* a fail-over ends every session */
#endif
#endif
  copy(db, standby);
  copy(standby, nothing);
  replicated = false;
  timeline = 2;
  printf("fail-over: epoch %d, nonce %d, processed %d, last %d\n", db.epoch, db.nonce, db.processed, db.last);
  do
  :: i < WORKERS ->
     vanish(i);
     if
     :: owner[i].phase == WAITING || owner[i].phase == CLAIMED -> drop(i)
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0
}

proctype Standby() {
  byte i;
end:
  do
  :: atomic { timeline == 1 && !replicated ->
       copy(standby, db);
       replicated = true;
       printf("the standby falls behind here\n") }
  :: atomic { replicated && ALL_TAKEN_FOR_GRANTED -> fail_over() }
  od
}

init {
  byte w;
  atomic {
    do
    :: w < WORKERS -> FORGET(w); run Worker(w); run Server(w); w++
    :: else -> break
    od;
    w = 0;
    run Gateway();
    run Standby()
  }
}
