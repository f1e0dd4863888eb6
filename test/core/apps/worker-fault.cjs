// Preloaded: makes worker threads of a host fail, as a library, a defect or a lack of memory would.
// FAULT is how, FAULT_AT after how many records, FAULT_TIMES how many workers, one after the other.
const { isMainThread, threadId, workerData } = require('node:worker_threads');
const start = workerData?.workerData?.putlogs;

const FAULTS = {
  throw: () => {
    throw new Error('thrown on purpose');
  },
  reject: () => void Promise.reject(new Error('rejected on purpose')),
  exit: () => process.exit(7),
  'silent exit': () => process.exit(0),
  'out of memory': () => {
    const kept = [];
    for (;;) kept.push(new Array(1e5).fill(threadId));
  },
  spin: () => {
    for (;;);
  },
  // As good as `spin` for who waits for the worker, and takes no processor from the tests beside this one.
  hang: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
};

const fault = process.env.FAULT;

if (!isMainThread && start !== undefined && fault && threadId <= Number(process.env.FAULT_TIMES ?? 1)) {
  if (fault === 'boot') throw new Error('not started on purpose');
  if (fault === 'poison') poison();
  else if (fault === 'uncounted') stopBeforeCount();
  else if (fault === 'exit while reading') endWhileReading(() => process.exit(7));
  else if (fault === 'spin while reading') endWhileReading(FAULTS.spin);
  else {
    const { Counters } = require('@putlogs/core/internal/telemetry/counters');
    const counters = new Counters(start.counters);
    const at = Number(process.env.FAULT_AT);
    const looking = setInterval(() => {
      if (counters.read('begun') < at) return;
      clearInterval(looking);
      FAULTS[fault]();
    }, 1);
  }
}

/** A record that ends the worker while it is read, in the middle of a chunk. */
function poison() {
  const shipper = require('@putlogs/core/internal/shipper/shipper');
  const { startShipper } = shipper;
  shipper.startShipper = (...args) => {
    const started = startShipper(...args);
    const writeRange = started.writeRange.bind(started);
    started.writeRange = (bytes, from, to) => {
      if (bytes.toString('utf8', from, to).includes('"poison"')) throw new Error('poisoned');
      return writeRange(bytes, from, to);
    };
    return started;
  };
}

/** A batch is on disk, and the worker hangs before it counts it. */
function stopBeforeCount() {
  const { Counters } = require('@putlogs/core/internal/telemetry/counters');
  const { add } = Counters.prototype;
  Counters.prototype.add = function (counter, amount) {
    if (counter === 'spooled' && amount > 0 && this.read('begun') >= Number(process.env.FAULT_AT)) FAULTS.hang();
    add.call(this, counter, amount);
  };
}

/** At one record, before the worker reads the next: on a busy machine a timer could come after all of them. */
function endWhileReading(end) {
  const { Counters } = require('@putlogs/core/internal/telemetry/counters');
  const { add } = Counters.prototype;
  Counters.prototype.add = function (counter, amount) {
    add.call(this, counter, amount);
    if (counter === 'begun' && this.read('begun') >= Number(process.env.FAULT_AT)) end();
  };
}
