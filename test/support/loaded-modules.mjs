// Prints the modules of Node that are loaded by the import of a file, and were not loaded before.
const before = new Set(process.moduleLoadList)
await import(process.argv[2])
console.log(JSON.stringify(process.moduleLoadList.filter((name) => !before.has(name))))
