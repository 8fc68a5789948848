/* SPDX-License-Identifier: MIT */
/*
 * A file of the mmapvideo protocol that grows: a new ring takes over, and the former one is given back when nobody
 * has a lease or a turn on its frames. Numbers like 11.4 are steps of protocol/SPEC.md. What frames.pml says of
 * steps and of memory holds here too.
 *
 * What is simpler than in the file and in frames.pml:
 * - A ring has two slots; ring g lies at offset g. A growth may come before every frame.
 * - A slot that is given back reads as zeros.
 * - A writer that waits has no time limit, so nobody is passed over; a turn never lags.
 * - A lossless reader is judged from the first frame it takes on: from then on it misses none.
 *
 * What the masks LOSSLESS, LEASING and NEWEST mean is said in frames.pml.
 */
#ifndef GENERATIONS
#define GENERATIONS 3         /* 2 to 4 */
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
#ifndef NEWEST
#define NEWEST 0
#endif
#ifndef KILLS
#define KILLS 0
#endif

#include "common.pml"

/* Slot ids (2): ring g has the ids 2g - 2 and 2g - 1. */
#define SLOTS            (2 * GENERATIONS)
#define FIRST_SLOT(g)    (2 * (g) - 2)
#define RING(slot)       ((slot) / 2 + 1)

/* ---- The file (3) ---- */

byte ring_generation;
byte described[2], offset[2]; /* the descriptors: their generation, and where the ring is */
byte stamp[SLOTS];
byte word0[SLOTS], word1[SLOTS];
byte head_number, head_slot;
byte unchanged;               /* `published` is as reader r loaded it */

/* ---- The lock table (5) ---- */

byte writer_lock;             /* 0 nobody, w + 1 */
byte lease[SLOTS];            /* a bit for each reader */
byte turn[READERS];           /* a bit for each number */

#if READERS == 1
#define TURNS turn[0]
#else
#define TURNS (turn[0] | turn[1])
#endif

/* ---- What the model keeps to judge by ---- */

byte completed;               /* numbers that got a complete stamp, a bit for each */
byte position[READERS];       /* the last frame taken */
byte trusted[SLOTS];          /* leases whose reader found the stamp good */
bit dead[WRITERS];
bit begun;                    /* writer 0 is the first one to get the WRITER lock */

/* ---- Writer ---- */

#define SLOT_CHANGES     assert(trusted[slot] == 0)   /* what is leased never changes */
#define CHANGE_PUBLISHED unchanged = 0                /* add one, wake all */

/* 7.2.2, 7.4.1: claims `slot`, asks for leases and turns, restores the stamp if there are any. Sets `is_free`. */
inline claim()
{
  d_step { former = stamp[slot] & 254; stamp[slot] = stamp[slot] | 1 };
  is_free = (lease[slot] == 0);
  d_step { is_free = is_free && (former == 0 || (TURNS & UP_TO(NUMBER(former))) == 0) };
  d_step {
    if
    :: is_free
    :: else -> stamp[slot] = former
    fi;
    former = 0
  }
}

/* The next slot from `slot` on that is still to be given back, or the first one of the present ring. */
inline skip_what_is_given_back()
{
  do
  :: slot < FIRST_SLOT(generation) && stamp[slot] == 0 -> slot++
  :: else -> break
  od
}

/* 11.6: what is left of rings older than the present one. */
inline give_back()
{
  d_step { slot = 0; skip_what_is_given_back(); is_free = 0 };
  do
  :: slot < FIRST_SLOT(generation) ->
#ifdef WRONG_GIVEN_BACK_UNASKED
     is_free = 1;
#else
     claim();
#endif
     if
     :: is_free ->
#ifndef WRONG_GIVEN_BACK_BEFORE_VOIDED
        d_step { SLOT_CHANGES; stamp[slot] = 0 };
#endif
        d_step { SLOT_CHANGES; word0[slot] = 0 };
        d_step { SLOT_CHANGES; c_code { happened("slot given back"); }; word1[slot] = 0 };
#ifdef WRONG_GIVEN_BACK_BEFORE_VOIDED
        stamp[slot] = 0
#endif
     :: d_step { !is_free -> c_code { happened("slot not given back"); } }
     fi;
     d_step { slot++; skip_what_is_given_back(); is_free = 0 }
  :: else -> break
  od
}

/* 7.4.5: the turns that a growth waits for, as its descriptor takes the place of the former ring's. */
#ifdef WRONG_GROWS_UNASKED
#define IN_THE_WAY 0
#else
#define IN_THE_WAY (generation > 1 && (TURNS & (BIT(first_number) - 1)))
#endif

/* 11.4 (E) */
inline describe_ring()
{
#ifndef WRONG_DESCRIPTOR_NOT_VOIDED
  described[(generation + 1) % 2] = 0;
#endif
  offset[(generation + 1) % 2] = generation + 1;
  described[(generation + 1) % 2] = generation + 1
}

proctype Writer(byte me)
{
  byte generation, number, first_number;
  byte slot, next, former;
  bit is_free, round;

  {
    d_step { writer_lock == 0 && me <= begun -> writer_lock = me + 1; begun = 1 };  /* 7.1.2 */
    d_step { generation = ring_generation; number = head_number; slot = 0; first_number = head_number + 1 };
    do                                                              /* 10: slots in writing, claimed slots */
    :: d_step {
         slot < SLOTS ->
         if
         :: stamp[slot] == 1 -> stamp[slot] = 0
         :: stamp[slot] > 1 && (stamp[slot] & 1) -> stamp[slot] = stamp[slot] - 1
         :: else
         fi;
         if
         :: NUMBER(stamp[slot]) > number -> number = NUMBER(stamp[slot]); next = slot
         :: else
         fi;
         slot++
       }
    :: slot == SLOTS -> break
    od;
    if                                                              /* 10: a complete slot above the head */
    :: number > head_number ->
       head_slot = next;
       d_step { head_number = number; c_code { happened("head repaired"); } }
    :: else
    fi;
    d_step { slot = 0; next = FIRST_SLOT(generation); CHANGE_PUBLISHED };   /* 7.1.8 */
    if                                                              /* 10: former rings */
    :: generation > 1 -> give_back()
    :: else
    fi;

take:
    if
    :: number == FRAMES -> goto finish
    :: number < FRAMES && generation < GENERATIONS -> goto grow
    :: number < FRAMES && generation > 0
    fi;

put:
    atomic { number++; slot = next };
choose:
    if
    :: slot == head_slot && head_number > 0 -> is_free = 0          /* 7.2.2: not the head's slot */
    :: else -> claim()
    fi;
    if
    :: is_free
    :: d_step { !is_free -> slot = FIRST_SLOT(generation) + 1 - (slot - FIRST_SLOT(generation)) };
       goto choose
    fi;
    d_step { SLOT_CHANGES; stamp[slot] = 1; is_free = 0 };          /* 7.2.3 */
    d_step { SLOT_CHANGES; word0[slot] = number };                  /* 7.2.4 */
    d_step { SLOT_CHANGES; word1[slot] = number };
    d_step {                                                        /* 7.2.5 */
      assert(!(completed & BIT(number)));
      completed = completed | BIT(number);
      stamp[slot] = 2 * number
    };
    head_slot = slot;                                               /* 7.2.6 */
    head_number = number;
    d_step {                                                        /* 7.2.7 */
      CHANGE_PUBLISHED;
      round = (slot == FIRST_SLOT(generation) + 1);
      next = FIRST_SLOT(generation) + (slot + 1) % 2;
      slot = 0
    };
    if
    :: round && generation > 1 -> give_back()                       /* 11.6 */
    :: else
    fi;
    atomic { round = 0; slot = 0; goto take };

grow:
    IN_THE_WAY == 0;
    if
    :: generation > 1 -> give_back()                                /* 11.3 */
    :: else
    fi;
    describe_ring();
    ring_generation = generation + 1;                               /* 11.4 */
    d_step {
      c_code { happened("growth"); };
      CHANGE_PUBLISHED;
      generation++;
      first_number = number + 1;
      next = FIRST_SLOT(generation);
      slot = 0
    };
    goto take;                                                      /* 11.5, or another growth */

finish:
    atomic { writer_lock = 0; generation = 0; number = 0; first_number = 0; slot = 0; next = 0 }
  }
#if KILLS > 0
  unless {
    d_step {
      dead[me] ->
      generation = 0; number = 0; first_number = 0; slot = 0; next = 0; former = 0; is_free = 0; round = 0
    }
  }
#endif
}

/* ---- Reader ---- */

#define POSITION position[r]
#ifdef WRONG_GENERATION_LOADED_ONCE
#define TWICE 1
#else
#define TWICE (described[generation % 2] == generation)
#endif
#define HOLDS(n) (NUMBER(stamp[slot]) == (n))

#ifdef WRONG_NEWEST_RING_NEXT
#define HAS_RING_BETWEEN 0
#elif defined(WRONG_NEXT_RING_OR_NEWEST)
#define HAS_RING_BETWEEN (mapped > 0 && generation == mapped + 2)
#else
#define HAS_RING_BETWEEN (mapped > 0 && generation > mapped + 1)
#endif

/* 8.1.3; with a ring mapped already it is 8.2.4: the older of the two that are described, if it comes after that. */
inline map_ring()
{
  do
  :: d_step {
       ring_generation > 0 && generation == 0 ->
       generation = ring_generation;
       between = HAS_RING_BETWEEN;
       generation = generation - between
     }
  :: generation > 0 ->
     copy0 = described[generation % 2];
     copy1 = offset[generation % 2];
     if
     :: copy0 == generation && TWICE ->
        d_step {
          assert(copy1 == generation);                              /* whole, and of this generation */
          mapped = generation;
          generation = 0; between = 0; copy0 = 0; copy1 = 0
        };
        break
     :: else ->
        d_step {
#ifdef WRONG_RING_GONE_NEWEST_NEXT
          generation = 0; mapped = 0;
#else
          generation = (generation + 1) * between;                  /* ring g then, if that is as it was */
#endif
          between = 0; copy0 = 0; copy1 = 0
        }
     fi
  od
}

proctype Reader(byte r)
{
  byte mapped, generation;
  byte slot, best, copy0, copy1, i;
  bit began;                  /* has had a frame */
  bit between;                /* looks for the ring before the one in use */

attach:
  map_ring();
  POSITION = head_number;                                           /* 8.1.4 */
  if                                                                /* 8.1.4: or it is out of reach */
  :: d_step { POSITION > 0 && RING(head_slot) == mapped -> POSITION-- }
  :: skip
  fi;
  if
  :: IS(LOSSLESS, r) ->
     turn[r] = BIT(POSITION + 1);                                   /* 8.4.1: join */
#ifndef WRONG_JOINS_IN_FORMER_RING
     if
     :: ring_generation != mapped -> turn[r] = 0; mapped = 0; goto attach
     :: ring_generation == mapped
     fi
#endif
  :: else
  fi;

next_frame:
  if
  :: turn[r] && turn[r] != BIT(POSITION + 1) ->                     /* 8.4.2 */
     turn[r] = turn[r] | BIT(POSITION + 1);
     turn[r] = BIT(POSITION + 1)
  :: else
  fi;
  unchanged = unchanged | BIT(r);                                   /* 8.2.1 */

look:
  if                                                                /* 8.2.3 */
  :: head_number <= POSITION -> goto sleep
  :: head_number > POSITION && IS(NEWEST, r)
  :: head_number > POSITION && !IS(NEWEST, r) -> goto search
  fi;

  slot = head_slot;                                                 /* 8.2.4: newest */
  if
  :: RING(slot) != mapped -> goto nothing
  :: RING(slot) == mapped && stamp[slot] == 0 -> goto nothing
  :: RING(slot) == mapped && stamp[slot] == 1 -> goto look
  :: d_step { RING(slot) == mapped && stamp[slot] > 1 -> best = NUMBER(stamp[slot]) };
     goto snapshot
  fi;

search:                                                             /* 8.2.4: every frame */
#ifdef WRONG_NEW_RING_FIRST
  if
  :: ring_generation != mapped -> map_ring(); goto look
  :: ring_generation == mapped
  fi;
#endif
  do
  :: d_step {
       i < 2 ->
       if
       :: NUMBER(stamp[FIRST_SLOT(mapped) + i]) > POSITION &&
          (best == 0 || NUMBER(stamp[FIRST_SLOT(mapped) + i]) < best) ->
          slot = FIRST_SLOT(mapped) + i;
          best = NUMBER(stamp[slot])
       :: else
       fi;
       i++
     }
  :: i == 2 -> break
  od;
  if
  :: d_step { best == 0 -> i = 0 };
     goto nothing
  :: d_step { best != 0 -> i = 0 }
  fi;
  if                                                                /* 8.4.4 */
  :: turn[r] && best > POSITION + 1 ->
     turn[r] = turn[r] | BIT(best);
     turn[r] = BIT(best)
  :: else
  fi;
  if                                                                /* 8.2.5 */
  :: HOLDS(best)
  :: d_step { !HOLDS(best) -> best = 0; slot = 0 };
     goto look
  fi;

snapshot:
  copy0 = word0[slot];                                              /* 8.2.5 */
  if
  :: d_step {
       HOLDS(best) ->
       assert(copy0 == best);                                       /* it is the frame of its number */
       assert(best > POSITION);                                     /* numbers increase */
       assert(!IS(LOSSLESS, r) || !began ||
              (completed & UP_TO(best - 1) & ~UP_TO(POSITION)) == 0);  /* none is missed */
       POSITION = best;
       best = 0
     }
  :: d_step { !HOLDS(best) -> best = 0; copy0 = 0; slot = 0 };
     goto look
  fi;
  if
  :: !IS(LEASING, r) -> goto copy
  :: else
  fi;

  lease[slot] = lease[slot] | BIT(r);                               /* 8.2: lock the lease, then look */
  if
  :: d_step {
       stamp[slot] == 2 * POSITION ->
       c_code { happened("frame leased"); };
       if
       :: mapped != ring_generation -> c_code { happened("frame leased in a former ring"); }
       :: else
       fi;
       trusted[slot] = trusted[slot] | BIT(r);
       began = 1
     };
     assert(word0[slot] == POSITION);
     assert(word1[slot] == POSITION);
     d_step { lease[slot] = lease[slot] & ~BIT(r); trusted[slot] = trusted[slot] & ~BIT(r) };
     goto done
  :: stamp[slot] != 2 * POSITION -> lease[slot] = lease[slot] & ~BIT(r)
  fi;

copy:
  copy1 = word1[slot];                                              /* 8.2: copy the payload */
  if
  :: d_step {
       HOLDS(POSITION) ->
       c_code { happened("frame copied"); };
       if
       :: mapped != ring_generation -> c_code { happened("frame copied from a former ring"); }
       :: else
       fi;
       assert(copy0 == POSITION && copy1 == POSITION);
       began = 1
     }
  :: d_step { !HOLDS(POSITION) -> assert(!IS(LOSSLESS, r) || !began) }
  fi;
done:
  atomic {
    d_step { slot = 0; copy0 = 0; copy1 = 0 };
    goto next_frame
  };

nothing:
  if                                                                /* 8.2.4: nothing there */
  :: ring_generation != mapped -> map_ring(); slot = 0; goto look
  :: ring_generation == mapped
  fi;
sleep:
  slot = 0;
end_sleep:
  (unchanged & BIT(r)) == 0;                                        /* 8.2.7 */
  goto next_frame
}

init {
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
#if KILLS > 0
end_of_luck:
  d_step {
    writer_lock > 0 ->
    c_code { happened("writer killed"); };
    dead[writer_lock - 1] = 1;
    writer_lock = 0
  }
#endif
}
