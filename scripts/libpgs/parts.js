// What app/js/pictures.js uses of libpgs, whose own bundle exports only a player of whole files and brings along
// polyfills of what every browser here has.
export { Pgs } from "libpgs/src/pgs";
export { PaletteDefinitionSegment } from "libpgs/src/pgs/paletteDefinitionSegment";
