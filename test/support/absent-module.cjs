// Takes the place of a module of Node in a bundle: importing it, for whatever names, throws.
module.exports = {}
throw new Error('a module that the runtime does not have was imported')
