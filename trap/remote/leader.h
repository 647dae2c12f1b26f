/* SPDX-License-Identifier: MIT
 *
 * Which notify worker receives; leader.c explains.
 */
#ifndef STEAD_TRAP_REMOTE_LEADER_H
#define STEAD_TRAP_REMOTE_LEADER_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

struct task;

/**
 * leader_start() - start the first notify worker, which leads, and the watch
 *
 * Return: 0 or negative errno.
 */
int leader_start(void);

/**
 * leader_begins() - the calling worker has got the lead, and has not looked yet what there is to serve
 */
void leader_begins(void);

/**
 * leader_serves() - the leader has something to serve
 */
void leader_serves(void);

/**
 * leader_served() - the worker is done with its call
 *
 * Return: whether it still leads, and goes on to receive.
 */
bool leader_served(void);

/**
 * leader_steps_down() - if the calling thread leads, somebody else does from now on
 */
void leader_steps_down(void);

/**
 * leader_before_answer() - the calling worker is about to answer its call, with which it is done but for leader_served()
 *
 * If it does not lead it may be given the lead from now on, so it must do nothing that could take long.
 */
void leader_before_answer(void);

/**
 * leader_park() - wait for the lead
 *
 * Return: true with it; false if enough threads wait: the caller ends.
 */
bool leader_park(void);

/**
 * notify_worker() - a notify worker's life; it begins with the lead
 * @arg: unused
 */
void *notify_worker(void *arg);

/**
 * serve_notified() - serve a call and answer it
 * @n: the call
 */
void serve_notified(const struct seccomp_notif *n);

/**
 * receive_unless_ready() - receive a call (fiber.c)
 * @listener: descriptor
 * @cmd: SECCOMP_IOCTL_NOTIF_RECV
 * @n: zeroed; the call
 * @head: nothing is received while *@head is not NULL
 *
 * Return: 0, negative errno, -EINTR also for *@head.
 */
int64_t receive_unless_ready(int listener, unsigned long cmd, struct seccomp_notif *n, struct task **head);

#endif
