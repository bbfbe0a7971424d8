#ifndef FERRY_KERNELS_H
#define FERRY_KERNELS_H
#endif
