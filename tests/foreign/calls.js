// How a suite tells what passes: a line a call, for the runner to compare.
exports.suite = async (calls) => {
  for (const [name, call] of Object.entries(calls)) {
    try {
      if ((await call()) === false) throw new Error('another answer than it should be');
      console.log('pass', name);
    } catch (error) {
      console.log('FAIL', name, '-', error.name, String(error.message).replace(/\n/g, ' ').slice(0, 300));
    }
  }
};

// Whether a call is refused with a service's error code or name.
exports.refused = (call, code) => async () => {
  try {
    await call();
  } catch (error) {
    return `${error.code} ${error.name}`.includes(code);
  }
  return false;
};
