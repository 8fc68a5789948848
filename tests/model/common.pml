/* SPDX-License-Identifier: MIT */
/* What frames.pml and growth.pml have in common. */

#define BIT(n)           (1 << (n))
#define UP_TO(n)         (BIT((n) + 1) - 1)          /* the bits 0 to n */
#define IS(kind, reader) (((kind) >> (reader)) & 1)
#define NUMBER(stamp)    ((stamp) / 2)

/* Tells what was seen to happen, once: a check that never gets there proves nothing. */
c_decl {
  static void happened(const char *what)
  {
    static const char *told[64];
    int n = 0;
    while (told[n] && told[n] != what) n++;
    if (!told[n]) {
      told[n] = what;
      printf("happened: %s\n", what);
    }
  }
}
