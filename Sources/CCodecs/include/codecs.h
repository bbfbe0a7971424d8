#ifndef FERRY_CODECS_H
#define FERRY_CODECS_H
#endif
