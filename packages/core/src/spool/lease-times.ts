// How often a run renews its owner file, and how long other runs wait for the next renewal.

/** A heartbeat every 5 s: five may be missed before a lease ends. */
export const BEAT_MS = 5000;

export const LEASE_MS = 30_000;

/** NFS keeps file attributes for up to a minute. */
export const NFS_LEASE_MS = 60_000;
