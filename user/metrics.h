/* SPDX-License-Identifier: GPL-2.0-only */
/* What is loaded and the tenants -> the exposition format of Prometheus, version 0.0.4. */
#ifndef SAFENODE_METRICS_H
#define SAFENODE_METRICS_H

#include <stdio.h>

#include "status.h"

#define SN_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/*
 * Every metric with its help and type. Labels are names of tenants, operations, maps and checks;
 * no paths and no addresses. The tenant "-" are the processes without a policy, as in the log.
 */
void sn_metrics(const struct sn_status *status, FILE *out);

#endif
