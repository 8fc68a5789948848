/* SPDX-License-Identifier: MIT */
/*
 * One ring of the mmapvideo file, its writers and its readers, step by step: slots, leases, turns, passing over,
 * crash and restart. Numbers like 7.2.2 are steps of protocol/SPEC.md. Growth has a model of its own, growth.pml.
 *
 * What it proves is the order of the steps. Memory is sequentially consistent here; why the fences and orders
 * between two steps suffice is argued in SPEC.md, section 14. A step is one access to a shared word or one
 * system call. Only what no other process can tell goes together with a step: computations on private
 * variables, a writer's loads of words that only it writes, and what the model itself keeps to judge by.
 *
 * What is simpler than in the file:
 * - A frame is two words, each of which shall be the frame's number. They stand for header and payload.
 * - Numbers end at FRAMES, so they never wrap around in the lock table. Where they do, the writer asks for turns
 *   in two questions; here it does so always, and SPLIT is the last number of the older part.
 * - All that a sleeper needs to know of a futex word is whether it changed: a bit for each reader.
 * - A writer claims and takes one slot at a time, and holds none. All writers deliver alike. Sessions have no id; a reader
 *   leaves when it tells an end.
 * - A turn lags as far as it likes, whether the writer waits or not, until the reader sleeps.
 * - A turn holds TURN_HOLDS frames (7.4). A reader whose bit is set in KEEPING keeps a lease on one of them while it goes
 *   on, and copies meanwhile.
 * - A writer that is refused the WRITER lock tries again until it gets it. One that waits sleeps for a moment that
 *   ends by itself, so nobody wakes it here. Readers sleep until they are woken: to get on they do not need the
 *   100 ms after which they look again.
 * - A time limit may end at any moment. Where it is asked what happens in the end (LIVENESS) it ends only if
 *   nobody who runs is in the way.
 * - A reader attaches at any moment, at the head or behind it: all that 8.1.4 may choose. It takes every frame,
 *   unless its bit is set in NEWEST, and copies, unless it is set in LEASING. It holds a turn if its bit is set in
 *   LOSSLESS; if not, any frame above its position may be the one it takes after an overrun.
 *
 * A name that begins with WRONG_ is a mistake that the check has to find. What each one is, and the sizes that are
 * checked, is in model_test.py.
 */
#ifndef SLOTS
#define SLOTS 3               /* 2 to 4 */
#endif
#ifndef FRAMES
#define FRAMES 5              /* the last number, at most 6 */
#endif
#ifndef READERS
#define READERS 1             /* 1 or 2 */
#endif
#ifndef WRITERS
#define WRITERS 1             /* 1 or 2 */
#endif
#ifndef LOSSLESS
#define LOSSLESS 1
#endif
#ifndef LEASING
#define LEASING 0
#endif
#ifndef KEEPING
#define KEEPING 0
#endif
#ifndef TURN_HOLDS
#define TURN_HOLDS 0          /* at most 2 */
#endif
#ifndef NEWEST
#define NEWEST 0
#endif
#ifndef DELIVERY
#define DELIVERY 1            /* 0 latest, 1 every frame, 2 acknowledged */
#endif
#ifndef TIME_LIMITS
#define TIME_LIMITS 0         /* how many waits may end by their limit */
#endif
#ifndef KILLS
#define KILLS 0               /* how many processes may die */
#endif
#ifndef HALTS
#define HALTS 0               /* 1: reader 0 may be stopped for good */
#endif
#ifndef SPLIT
#define SPLIT 2
#endif

#include "common.pml"

/* ---- The file (3) ---- */

byte stamp[SLOTS];            /* 0 empty, 1 being written, 2n complete, 2n + 1 claimed */
byte word0[SLOTS], word1[SLOTS];
byte head_number, head_slot;
byte unchanged;               /* `published` is as reader r loaded it */
bit released;                 /* `released` is odd */
bit ended;                    /* `state` is ended */

/* ---- The lock table (5) ---- */

byte writer_lock;             /* 0 nobody, w + 1 */
byte lease[SLOTS];            /* a bit for each reader */
byte turn[READERS];           /* a bit for each number */

/* ---- What only the writer knows ---- */

byte ignored[READERS];        /* turns that it passed over, a bit for each number */

/* ---- Processes ---- */

byte dead, halted;            /* a bit for each reader, then for each writer */
byte kills, time_limits;

#define READER(r) BIT(r)
#define WRITER(w) BIT(READERS + (w))

/* ---- What the model keeps to judge by ---- */

bit begun;                    /* writer 0 is the first one to get the WRITER lock */
byte owner;                   /* the writer that writes: 0 nobody, w + 1 */
byte completed;               /* numbers that got a complete stamp, a bit for each */
byte position[READERS];       /* the last frame taken */
byte lost[READERS];           /* numbers a lossless reader may miss: it was passed over, or joined too late */
byte passed_over[READERS];    /* turns that a writer passed over */
byte present;                 /* readers that had a turn when the head was published */
byte trusted[SLOTS];          /* leases whose reader found the stamp good */
bit all_written;              /* the last number was given away */

/* ---- Writer ---- */

#define WRITES           assert(owner == me + 1)      /* at most one writer writes */
#define SLOT_CHANGES     assert(trusted[slot] == 0)   /* what is leased never changes */
#define CHANGE_PUBLISHED unchanged = 0                /* add one, wake all */

/* One question for turns on numbers in `range`. What was passed over is not counted, and its reader may miss the
   frames `may_be_lost`. */
inline ask_for_turns(range, may_be_lost)
{
  d_step {
    i = 0;
    do
    :: i < READERS ->
       if
       :: turn[i] & (range) & ~ignored[i] -> needed = 1
       :: else
       fi;
       if
       :: (turn[i] & (range)) && !(turn[i] & (range) & ~passed_over[i]) -> lost[i] = lost[i] | (may_be_lost)
       :: else
       fi;
       i++
    :: else -> break
    od;
    i = 0
  }
}

/* What the turns in a mask of numbers hold. */
#if TURN_HOLDS == 0
#define HELD_BY(turns) 0
#elif TURN_HOLDS == 1
#define HELD_BY(turns) (turns)
#else
#define HELD_BY(turns) ((turns) | ((turns) << 1))
#endif

/* One question for each turn that was passed over: is it there still? */
inline ask_for_held(frame)
{
  d_step {
    i = 0;
    do
    :: i < READERS ->
       if
       :: HELD_BY(turn[i] & ignored[i]) & BIT(frame) -> c_code { happened("held frame found"); }; needed = 1
       :: else
       fi;
       i++
    :: else -> break
    od;
    i = 0
  }
}

/* The older numbers first, as turns move up (7.4). */
#ifdef WRONG_NEWER_TURNS_FIRST
#define FIRST_PART(n)  (UP_TO(n) & ~UP_TO(SPLIT))
#define SECOND_PART(n) (UP_TO(n) & UP_TO(SPLIT))
#else
#define FIRST_PART(n)  (UP_TO(n) & UP_TO(SPLIT))
#define SECOND_PART(n) (UP_TO(n) & ~UP_TO(SPLIT))
#endif

/* The frame of a slot that was claimed is there after all. */
inline is_there(frame)
{
  j = 0;
  do
  :: j < READERS -> lost[j] = lost[j] & ~BIT(frame); j++
  :: else -> break
  od;
  j = 0
}

/* Turns on numbers up to n are passed over (7.4.2). */
inline pass_over(n)
{
  i = 0;
  do
  :: i < READERS ->
     if
     :: turn[i] & UP_TO(n) ->
        present = present & ~READER(i);
        passed_over[i] = passed_over[i] | (turn[i] & UP_TO(n));
#ifdef WRONG_LANE_PASSED_OVER
        ignored[i] = 255
#else
        ignored[i] = ignored[i] | (turn[i] & UP_TO(n))
#endif
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0
}

/* A turn that was passed over is ignored for as long as it exists. That is asked once a round (7.4). */
inline forget_turns_that_are_gone()
{
  i = 0;
  do
  :: i < READERS ->
#ifndef WRONG_LANE_PASSED_OVER
     if
     :: slot == 0 -> ignored[i] = ignored[i] & turn[i]
     :: else
     fi;
#endif
     i++
  :: else -> break
  od;
  i = 0
}

inline begin_to_write()
{
  owner = me + 1;
  i = 0;
  do
  :: i < READERS -> ignored[i] = 0; i++
  :: else -> break
  od;
  i = 0
}

/* The head's slot is not chosen (7.2.2). */
inline skip_the_head()
{
  if
  :: slot == head_slot && head_number > 0 -> slot = (slot + 1) % SLOTS; tried++
  :: else
  fi
}

/* Who has a turn when a frame is published acknowledges it, unless it was passed over. */
inline note_who_is_present()
{
  i = 0; present = 0;
  do
  :: i < READERS ->
     if
     :: turn[i] & ~passed_over[i] -> present = present | READER(i)
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0
}

inline check_acknowledged()
{
  i = 0;
  do
  :: i < READERS -> assert(!(present & READER(i)) || !(turn[i] & UP_TO(number))); i++
  :: else -> break
  od;
  i = 0; present = 0
}

/* Whether somebody who runs has one of `leases` or a turn up to n. */
#if SLOTS == 2
#define LEASES (lease[0] | lease[1])
#elif SLOTS == 3
#define LEASES (lease[0] | lease[1] | lease[2])
#else
#define LEASES (lease[0] | lease[1] | lease[2] | lease[3])
#endif
#define RUNS_WITH(r, n, leases) (!(halted & READER(r)) && ((turn[r] & UP_TO(n)) || ((leases) & READER(r))))
#if READERS == 1
#define ONE_RUNS_WITH(n, leases) RUNS_WITH(0, n, leases)
#else
#define ONE_RUNS_WITH(n, leases) (RUNS_WITH(0, n, leases) || RUNS_WITH(1, n, leases))
#endif

#if defined(WRONG_NO_TIME_LIMIT)
#define TIME_IS_UP(n, leases) false
#define TIME_IS_LEFT(n, leases) true
#elif defined(LIVENESS)
#define TIME_IS_UP(n, leases) (!ONE_RUNS_WITH(n, leases))
#define TIME_IS_LEFT(n, leases) ONE_RUNS_WITH(n, leases)
#else
#define TIME_IS_UP(n, leases) (time_limits < TIME_LIMITS)
#define TIME_IS_LEFT(n, leases) true
#endif
#ifdef LIVENESS
#define COUNT_TIME_LIMIT skip
#else
#define COUNT_TIME_LIMIT time_limits++
#endif

proctype Writer(byte me)
{
  byte number;                /* given away last */
  byte next;                  /* after the slot taken last */
  byte slot, tried;
  byte former;                /* what the stamp of the claimed slot was */
  bit needed, last_look;
  byte i, j;

  {
#ifndef WRONG_NO_WRITER_LOCK
    d_step { writer_lock == 0 && me <= begun -> writer_lock = me + 1; begun = 1 };  /* 7.1.2 */
#endif
    d_step { begin_to_write(); ended = 0; released = 0 };           /* 7.1.5; one that died waiting left it odd */
    do
    :: d_step {                                                     /* 10: slots in writing, claimed slots */
         i < SLOTS ->
         WRITES;
         if
         :: stamp[i] == 1 ->
            c_code { happened("slot in writing voided"); };
            stamp[i] = 0
         :: stamp[i] > 1 && (stamp[i] & 1) ->
            c_code { happened("claimed slot restored"); };
            stamp[i] = stamp[i] - 1;
            is_there(NUMBER(stamp[i]))
#ifdef WRONG_CLAIMED_IS_VOIDED
            ; stamp[i] = 0
#endif
         :: else
         fi;
         i++
       }
    :: d_step {
         i == SLOTS ->
         i = 0; slot = head_slot; number = head_number;
         do
         :: i < SLOTS ->
            if
            :: NUMBER(stamp[i]) > number -> number = NUMBER(stamp[i]); slot = i
            :: else
            fi;
            i++
         :: else -> break
         od;
         i = 0
       };
       break
    od;
#ifdef WRONG_HEAD_NOT_REPAIRED
    number = head_number;
#else
    if                                                              /* 10: a complete slot above the head */
    :: number > head_number ->
       head_slot = slot;
       d_step { c_code { happened("head repaired"); }; head_number = number }
    :: else
    fi;
#endif
    d_step { next = (head_slot + 1) % SLOTS; slot = 0; CHANGE_PUBLISHED };  /* 7.1.8 */
#ifdef WAIT_FOR_READERS
    (turn[0] && turn[READERS - 1]);                                 /* 7.4: waits for readers */
#endif

take:
    if
    :: number == FRAMES -> goto finish
    :: d_step {
         else ->
         number++;
         slot = next; tried = 0;
         forget_turns_that_are_gone();
         skip_the_head()
       }
    fi;

choose:
#ifdef WRONG_ASK_BEFORE_CLAIM
    if
    :: tried >= SLOTS -> goto no_slot
    :: d_step { tried < SLOTS && lease[slot] -> former = stamp[slot] };
       goto restore
    :: tried < SLOTS && lease[slot] == 0
    fi;
    d_step { former = stamp[slot]; stamp[slot] = former | 1 };
#else
    if
    :: tried >= SLOTS -> goto no_slot
    :: d_step {                                                     /* 7.2.2: claim */
         tried < SLOTS ->
         WRITES;
         former = stamp[slot];
         stamp[slot] = former | 1
       }
    fi;
#ifdef WRONG_LEASES_ASKED_FIRST
    if
    :: lease[slot] -> goto restore
    :: lease[slot] == 0
    fi;
#endif
#endif
#if DELIVERY > 0 && !defined(WRONG_NO_TURNS_ASKED)
    if
    :: former == 0 -> goto ask_for_leases
    :: else
    fi;
#if TURN_HOLDS > 0 && !defined(WRONG_PASSED_OVER_HOLDS_NOTHING) && !defined(WRONG_HELD_ASKED_LAST)
    atomic {
      ask_for_held(NUMBER(former));                                 /* 7.4.1 */
      if
      :: needed -> goto restore
      :: else
      fi
    };
#endif
    atomic {
      ask_for_turns(FIRST_PART(NUMBER(former)), BIT(NUMBER(former)));   /* 7.4.1 */
      if
      :: needed -> goto restore
      :: else
      fi
    };
    atomic {
      ask_for_turns(SECOND_PART(NUMBER(former)), BIT(NUMBER(former)));
      if
      :: needed -> goto restore
      :: else
      fi
    };
#ifdef WRONG_HELD_ASKED_LAST
    atomic {
      ask_for_held(NUMBER(former));
      if
      :: needed -> goto restore
      :: else
      fi
    };
#endif
#endif

ask_for_leases:
#if !defined(WRONG_ASK_BEFORE_CLAIM) && !defined(WRONG_LEASES_ASKED_FIRST)
    if                                                              /* 7.2.2 */
    :: d_step { lease[slot] -> c_code { happened("lease found"); } };
       goto restore
    :: lease[slot] == 0
    fi;
#endif
    goto write;

restore:
    atomic {                                                        /* 7.2.2, 7.4.1: leased, needed */
      d_step {
        if
        :: needed -> c_code { happened("turn found"); }
        :: else
        fi;
        stamp[slot] = former;
        is_there(NUMBER(former));
        needed = 0; former = 0;
        slot = (slot + 1) % SLOTS; tried++;
        skip_the_head()
      };
      goto choose
    };

no_slot:
#if DELIVERY == 0
    goto take;                                                      /* 7.2.2: dropped */
#else
    atomic {
      if
      :: !released -> released = 1                                  /* 7.4.4: begins to wait */
      :: released && !last_look && TIME_IS_LEFT(head_number - 1, LEASES)  /* 7.4.4: slept, looks again */
      :: d_step {                                                   /* 7.4.2 */
           released && !last_look && TIME_IS_UP(head_number - 1, LEASES) ->
           c_code { happened("time is up"); };
           COUNT_TIME_LIMIT;
           pass_over(head_number - 1);
           last_look = 1
         }
      :: d_step {                                                   /* 7.4.2: dropped, leases are in the way */
           released && last_look ->
           c_code { happened("frame dropped"); };
           released = 0; last_look = 0
         };
         goto take
      fi;
      d_step { slot = next; tried = 0; skip_the_head() };
      goto choose
    };
#endif

write:
    if
    :: d_step { released -> released = 0; last_look = 0 }           /* 7.4.4: has waited */
    :: else
    fi;
#ifndef WRONG_NO_WRITING_STAMP
    d_step { SLOT_CHANGES; WRITES; stamp[slot] = 1; former = 0; tried = 0 };    /* 7.2.3 */
#endif
    d_step { SLOT_CHANGES; WRITES; word0[slot] = number };          /* 7.2.4 */
    d_step { SLOT_CHANGES; WRITES; word1[slot] = number };
#ifdef WRONG_HEAD_BEFORE_STAMP
    head_slot = slot;
    head_number = number;
#endif
    d_step {                                                        /* 7.2.5 */
      WRITES;
      assert(!(completed & BIT(number)));                           /* no number is given twice */
      completed = completed | BIT(number);
      stamp[slot] = 2 * number
    };
#ifdef WRONG_WAKE_BEFORE_HEAD
    CHANGE_PUBLISHED;
#endif
#ifndef WRONG_HEAD_BEFORE_STAMP
    head_slot = slot;                                               /* 7.2.6 */
    d_step {
#if DELIVERY == 2
      note_who_is_present();
#endif
      WRITES; head_number = number
    };
#endif
    d_step {                                                        /* 7.2.7 */
#ifndef WRONG_WAKE_BEFORE_HEAD
      CHANGE_PUBLISHED;
#endif
      next = (slot + 1) % SLOTS; slot = 0
    };
#if DELIVERY == 2                                                   /* 7.4.3 */
    released = 1;
    do
    :: ask_for_turns(FIRST_PART(number), 0);
       ask_for_turns(SECOND_PART(number), 0);
       if
       :: d_step { needed && TIME_IS_LEFT(number, 0) -> needed = 0 }
       :: d_step {
            needed && TIME_IS_UP(number, 0) ->
            c_code { happened("time is up"); };
            COUNT_TIME_LIMIT;
            pass_over(number);
            needed = 0
          }
       :: d_step { !needed -> c_code { happened("frame acknowledged"); }; check_acknowledged() };
          break
       fi
    od;
    released = 0;
#endif
    goto take;

finish:
#ifdef LIVENESS
    all_written = 1                                                 /* its end wakes nobody */
#else
    ended = 1;                                                      /* 7.3.1 */
    CHANGE_PUBLISHED;
    d_step { owner = 0; writer_lock = 0; number = 0; next = 0; slot = 0; tried = 0 }   /* 7.3.3 */
#endif
  }
#if KILLS > 0
  unless {
    d_step {
      dead & WRITER(me) ->
      number = 0; next = 0; slot = 0; tried = 0; former = 0; needed = 0; last_look = 0; i = 0
    }
  }
#endif
}

/* ---- Reader ---- */

#define POSITION position[r]

/* 8.4.1. What is there and not claimed is not missed from now on. */
inline join()
{
  d_step {
    turn[r] = BIT(POSITION + 1);
    lost[r] = completed;
    i = 0;
    do
    :: i < SLOTS ->
       if
       :: (stamp[i] & 1) == 0 -> lost[r] = lost[r] & ~BIT(NUMBER(stamp[i]))
       :: else
       fi;
       i++
    :: else -> break
    od;
    i = 0
  }
}

/* 8.4.3. The turn need not go beyond the last frame while that has a lease without a lock. */
#define MAY_STAY (DELIVERY < 2 && kept && kept == POSITION && !(lease[kept_slot] & READER(r)))

/* 8.4.2. A turn never moves down. */
#define TURN_IS_BELOW(n) (turn[r] && turn[r] < BIT(n))

inline move_turn(n)
{
#ifndef WRONG_TURN_LEAVES_LEASE
  if                                                                /* 8.4.6 */
  :: d_step {
       kept && kept < (n) && !(lease[kept_slot] & READER(r)) ->
       c_code { happened("kept lease locked"); };
       lease[kept_slot] = lease[kept_slot] | READER(r)
     }
  :: else
  fi;
#endif
#ifdef WRONG_UNLOCK_BEFORE_LOCK
  turn[r] = 0;
#else
  turn[r] = turn[r] | BIT(n);
#endif
  d_step { turn[r] = BIT(n); passed_over[r] = passed_over[r] & turn[r] }
}

/* Those of `frames` above the position and below n that a lossless reader misses without having been passed over. */
#define MISSED(n, frames) \
  (IS(LOSSLESS, r) && ((frames) & ~lost[r] & UP_TO((n) - 1) & ~UP_TO(POSITION) & ~(BIT(kept_from) - 1)))

inline load_state()
{
  d_step {
    was_ended = ended;
    if
    :: ended -> written = completed
    :: else
    fi
  }
}

/* The slot holds frame n. Claimed or not, the bytes are the same (4). */
#define HOLDS(n) (NUMBER(stamp[slot]) == (n))
#ifdef WRONG_NO_SECOND_LOOK
#define STILL_HOLDS(n) true
#elif defined(WRONG_CLAIM_IS_A_CHANGE)
#define STILL_HOLDS(n) (stamp[slot] == 2 * (n))
#else
#define STILL_HOLDS(n) HOLDS(n)
#endif

inline unlock_lease()
{
  d_step { lease[slot] = lease[slot] & ~READER(r); trusted[slot] = trusted[slot] & ~READER(r); again = 0 }
}

/* It ends, with its lock if it has one. */
inline end_kept_lease()
{
  d_step {
    lease[kept_slot] = lease[kept_slot] & ~READER(r);
    trusted[kept_slot] = trusted[kept_slot] & ~READER(r);
    kept = 0; kept_slot = 0
  }
}

proctype Reader(byte r)
{
  byte slot, best, copy0, copy1;
  byte kept, kept_slot;       /* a frame whose lease goes on, 0: none */
  byte kept_from;             /* what is older was not kept when it chose, as it was passed over */
  byte written;               /* what the session that has ended had published */
  bit was_ended, again;
#ifdef WRONG_MIDDLE
  byte newest, newest_slot, near;
#endif
  byte i;

  {
    if                                                              /* 8.1.4 */
    :: d_step { head_number > 0 -> POSITION = head_number - 1 }
    :: POSITION = head_number
    fi;
#ifndef WRONG_CHOOSE_BEFORE_JOIN
    if
    :: IS(LOSSLESS, r) -> join()
    :: else
    fi;
#endif

next_frame:
    if
    :: d_step { kept -> assert(word0[kept_slot] == kept && word1[kept_slot] == kept) };
       end_kept_lease()
    :: true
    fi;
    /* The frame taken before is finished now (8.4). */
    if
    :: TURN_IS_BELOW(POSITION + 1) && DELIVERY < 2                  /* 8.4.3: it may lag */
    :: TURN_IS_BELOW(POSITION) && MAY_STAY -> move_turn(POSITION)
    :: TURN_IS_BELOW(POSITION + 1) -> move_turn(POSITION + 1)
    :: !TURN_IS_BELOW(POSITION + 1)
    fi;
#ifndef WRONG_PUBLISHED_LOADED_LATE
    unchanged = unchanged | READER(r);                              /* 8.2.1 */
#endif
#ifndef WRONG_END_LOADED_LATE
    load_state();                                                   /* 8.2.2 */
#endif

look:
    if                                                              /* 8.2.3 */
    :: head_number <= POSITION -> goto nothing
    :: head_number > POSITION && IS(NEWEST, r)
    :: head_number > POSITION && !IS(NEWEST, r) -> goto search
    fi;

    slot = head_slot;                                               /* 8.2.4: newest */
    if                                                              /* 8.2.5 */
    :: stamp[slot] == 0 -> goto nothing
    :: stamp[slot] == 1 -> goto look
    :: d_step { stamp[slot] > 1 -> best = NUMBER(stamp[slot]) };
       goto snapshot
    fi;

search:                                                             /* 8.2.4: every frame */
    do
    :: d_step {
         i < SLOTS ->
         if
#ifdef WRONG_CLAIMED_IS_GONE
         :: stamp[i] & 1
#endif
         :: NUMBER(stamp[i]) > POSITION && (best == 0 || NUMBER(stamp[i]) < best) ->
            best = NUMBER(stamp[i]); slot = i
         :: else
         fi;
#ifdef WRONG_MIDDLE
         if
         :: NUMBER(stamp[i]) > newest -> newest = NUMBER(stamp[i]); newest_slot = i
         :: else
         fi;
         if
         :: stamp[i] > 0 && NUMBER(stamp[i]) <= POSITION && NUMBER(stamp[i]) + SLOTS > POSITION -> near = 1
         :: else
         fi;
#endif
         i++
       }
    :: i < SLOTS && !IS(LOSSLESS, r) -> i++
#ifdef WRONG_MIDDLE
    :: d_step {
         i == SLOTS ->
         if
         :: best > POSITION + 1 && !near -> best = newest; slot = newest_slot
         :: else
         fi;
         newest = 0; newest_slot = 0; near = 0
       };
       break
#else
    :: i == SLOTS -> break
#endif
    od;
#ifdef WRONG_CHOOSE_BEFORE_JOIN
    if
    :: IS(LOSSLESS, r) && turn[r] == 0 -> join()
    :: else
    fi;
#endif
    if
    :: d_step { best == 0 -> i = 0 };
       goto nothing
    :: d_step {                                                     /* 8.4.4 */
         best > POSITION + 1 && TURN_IS_BELOW(best) ->
         c_code { happened("gap"); };
         i = 0;
         if
         :: turn[r] & ~passed_over[r]
         :: else -> kept_from = best
         fi
       };
       move_turn(best)
    :: d_step { best > 0 && !(best > POSITION + 1 && TURN_IS_BELOW(best)) -> i = 0 }
    fi;
    if                                                              /* 8.2.5 */
    :: HOLDS(best)
    :: d_step { !HOLDS(best) -> best = 0; slot = 0 };
       goto look
    fi;

snapshot:
    copy0 = word0[slot];                                            /* 8.2.5 */
    if
    :: d_step {
         STILL_HOLDS(best) ->
         assert(copy0 == best);                                     /* it is the frame of its number */
         assert(best > POSITION);                                   /* numbers increase */
         assert(!MISSED(best, completed));                          /* none is missed */
         POSITION = best;
         lost[r] = lost[r] & ~UP_TO(POSITION - 1);
         best = 0; kept_from = 0
       }
    :: d_step {
         !STILL_HOLDS(best) ->
         c_code { happened("snapshot thrown away"); };
         best = 0; copy0 = 0; slot = 0
       };
       goto look
    fi;
    if
    :: kept || !(IS(LEASING, r) || IS(KEEPING, r)) -> goto copy
    :: !kept && IS(LEASING, r)
    :: d_step {                                                     /* 8.4.6: held by the turn */
         !kept && IS(KEEPING, r) && (HELD_BY(turn[r]) & BIT(POSITION)) && stamp[slot] == 2 * POSITION ->
         c_code { happened("frame leased without a lock"); };
         trusted[slot] = trusted[slot] | READER(r);
         kept = POSITION; kept_slot = slot
       };
       goto done
    :: !kept && !IS(LEASING, r) && IS(KEEPING, r) && !(HELD_BY(turn[r]) & BIT(POSITION)) -> goto copy
    :: !kept && !IS(LEASING, r) && IS(KEEPING, r) && stamp[slot] != 2 * POSITION -> goto copy
    fi;

#ifndef WRONG_LOOK_BEFORE_LOCK
    lease[slot] = lease[slot] | READER(r);                          /* 8.2: lock the lease, then look */
#endif
    do
    :: d_step {
         stamp[slot] == 2 * POSITION ->
         c_code { happened("frame leased"); };
         trusted[slot] = trusted[slot] | READER(r);
         again = 0
       };
#ifdef WRONG_LOOK_BEFORE_LOCK
       lease[slot] = lease[slot] | READER(r);
#endif
       assert(word0[slot] == POSITION);                             /* the user reads */
       assert(word1[slot] == POSITION);
       unlock_lease();
       goto done
    :: d_step { stamp[slot] == 2 * POSITION + 1 && !again -> again = 1 }    /* 8.4: claimed; looks again */
    :: stamp[slot] == 2 * POSITION + 1 && again -> unlock_lease(); break    /* 8.4: still claimed; copies */
    :: !HOLDS(POSITION) -> unlock_lease(); break                            /* 8.2: gone */
    od;

copy:
    copy1 = word1[slot];                                            /* 8.2: copy the payload */
    if
    :: d_step {
         STILL_HOLDS(POSITION) ->
         c_code { happened("frame copied"); };
         assert(copy0 == POSITION && copy1 == POSITION)
       }
    :: d_step {
         !STILL_HOLDS(POSITION) ->
         c_code { happened("copy thrown away"); };
         assert(!IS(LOSSLESS, r) || (lost[r] & BIT(POSITION)))
       }
    fi;
done:
    atomic {
      d_step { slot = 0; copy0 = 0; copy1 = 0 };
      goto next_frame
    };

nothing:
#ifdef WRONG_END_LOADED_LATE
    load_state();
#endif
#ifdef WRONG_PUBLISHED_LOADED_LATE
    unchanged = unchanged | READER(r);
#endif
    if
    :: d_step {                                                     /* 8.2.6 */
         was_ended ->
         c_code { happened("end told"); };
         assert(!MISSED(FRAMES + 1, written));
         slot = 0; written = 0; was_ended = 0
       };
       goto leave
#ifndef WRONG_SLEEP_WITH_OLD_TURN
    :: !was_ended && TURN_IS_BELOW(POSITION + 1) && !(MAY_STAY) -> move_turn(POSITION + 1)   /* 8.4.3 */
    :: !was_ended && TURN_IS_BELOW(POSITION) && MAY_STAY -> move_turn(POSITION)
#endif
    :: else
    fi;
end_sleep:
    d_step { (unchanged & READER(r)) == 0 -> slot = 0; written = 0 };   /* 8.2.7 */
    goto next_frame;
leave:
    if
    :: kept -> end_kept_lease()
    :: else
    fi;
    turn[r] = 0                                                     /* 8.4.5 */
  }
#if KILLS > 0 || HALTS > 0
  unless {
    d_step {
      (dead | halted) & READER(r) ->
      slot = 0; best = 0; copy0 = 0; copy1 = 0; kept = 0; kept_slot = 0; kept_from = 0; written = 0; was_ended = 0;
      again = 0; i = 0
    }
  }
#endif
}

/* ---- What befalls them ---- */

/* A process dies: its locks are gone at once. A reader that dies without one is as one that does no more step. */
inline kill_reader(r)
{
  d_step {
    kills < KILLS && (turn[r] || (LEASES & READER(r))) && !(halted & READER(r)) ->
    c_code { happened("reader killed"); };
    kills++;
    dead = dead | READER(r);
    turn[r] = 0; lost[r] = 0; passed_over[r] = 0; position[r] = 0;
    i = 0;
    do
    :: i < SLOTS -> lease[i] = lease[i] & ~READER(r); trusted[i] = trusted[i] & ~READER(r); i++
    :: else -> break
    od;
    i = 0
  }
}

inline kill_writer(w)
{
  d_step {
    kills < KILLS && owner == w + 1 ->
    c_code { happened("writer killed"); };
    kills++;
    dead = dead | WRITER(w);
    owner = 0; writer_lock = 0
  }
}

/* It is stopped for good: its locks stay. */
inline halt_reader(r)
{
  d_step {
    halted < HALTS && (turn[r] || (LEASES & READER(r))) ->
    c_code { happened("reader halted"); };
    halted = halted | READER(r)
  }
}

init {
  byte i;

  atomic {
    run Writer(0);
#if WRITERS > 1
    run Writer(1);
#endif
    run Reader(0);
#if READERS > 1
    run Reader(1);
#endif
  };
#if KILLS > 0 || HALTS > 0
  do
  :: kill_writer(0)
#if WRITERS > 1
  :: kill_writer(1)
#endif
  :: kill_reader(0)
  :: halt_reader(0)
#if READERS > 1
  :: kill_reader(1)
#endif
  :: break
  od
#endif
}

#ifdef LIVENESS
/* All is written, and who is neither dead nor stopped has got to the last frame. */
#define HAS_ALL(r) (((dead | halted) & READER(r)) || position[r] == head_number)
#if READERS == 1
#define ALL_HAVE_ALL HAS_ALL(0)
#else
#define ALL_HAVE_ALL (HAS_ALL(0) && HAS_ALL(1))
#endif
ltl all_get_on { <> (all_written && ALL_HAVE_ALL) }
#endif
