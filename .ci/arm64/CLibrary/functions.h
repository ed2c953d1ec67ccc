// The parts of the C library that the stand-ins hand on.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
