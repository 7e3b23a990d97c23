/*
 * What the parts of the shim share: arguments checked once, results as numbers, exceptions handed on.
 */
#ifndef GODWIT_SHIM_H
#define GODWIT_SHIM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define NAPI_VERSION 8
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <node_api.h>

#define ARGUMENTS_MAX 6

typedef struct {
  napi_env env;
  napi_value value[ARGUMENTS_MAX];
  int failed; /* an exception is pending */
} Arguments;

typedef struct {
  unsigned char *data;
  size_t length;
} Octets;

Arguments arguments_of(napi_env env, napi_callback_info info, size_t expected);
int32_t int_argument(Arguments *arguments, int index);
/* The octets of a Uint8Array or Buffer; valid until the call returns. */
Octets octets_argument(Arguments *arguments, int index);
/* octets[start, start + length) as one argument triple; throws when that leaves the buffer. */
Octets slice_argument(Arguments *arguments, int index);
napi_value number(napi_env env, int64_t value);
/* What a system call returned, or -errno. */
napi_value outcome(napi_env env, ssize_t returned);
/* A pending exception becomes 'uncaughtException'. */
void report_exception(napi_env env);

/* writer.c */
napi_value WriterStart(napi_env env, napi_callback_info info);
napi_value WriterSend(napi_env env, napi_callback_info info);
napi_value WriterStop(napi_env env, napi_callback_info info);

/* memory.c */
napi_value Trim(napi_env env, napi_callback_info info);
napi_value ForgetProgram(napi_env env, napi_callback_info info);
napi_value KeepProgramBelow(napi_env env, napi_callback_info info);

#endif
