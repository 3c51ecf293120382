export type { Codec } from './codec.ts';
export { codec } from './codec.ts';
export {
  MAP_FLAGS,
  type MapType,
  type ProgramType,
  type UpdateFlag,
  XDP_ACTIONS,
  XDP_FLAGS,
} from './constants.ts';
export { possibleCpus } from './cpus.ts';
export { BpfError, type BpfErrorCode } from './error.ts';
export { fakeMap } from './fake-map.ts';
export type {
  ArrayLayout,
  BytesLayout,
  EnumLayout,
  FloatLayout,
  IntLayout,
  Layout,
  MemberLayout,
  PointerLayout,
  StructLayout,
} from './layout.ts';
export { layoutDifference, layoutHash } from './layout-compare.ts';
export { XdpLink, type XdpLinkInfo, type XdpLinkOptions, type XdpMode } from './link.ts';
export { BpfMap, type NewMap } from './map.ts';
export type { LayoutCheck } from './map-check.ts';
export type { MapFacts, NativeMap } from './native-map.ts';
export { BpfObject, type MapOptions, type OpenOptions, type ProgramSpec } from './object.ts';
export { type MapSpec, type ObjectSpec, readObjectSpec, type VariableSpec } from './object-spec.ts';
export { mountBpffs } from './pin.ts';
export { probe } from './probe.ts';
export { BpfProgram, type ProgramInfo } from './program.ts';
export { BpfRingBuffer, ringBuffer } from './ring-buffer.ts';
export { type TestRunOptions, type TestRunResult, xdpContext } from './test-run.ts';
export { type XdpState, xdpAttach, xdpDetach, xdpQuery } from './xdp.ts';
