/** The completion scripts; `make install` writes them to files. */

const BASH = `# bash completion for xlb
_xlb() {
  local line="\${COMP_LINE:0:COMP_POINT}" IFS=$' \\t\\n' candidate done_part
  local -a words
  read -ra words <<<"$line"
  [[ "$line" == *[[:space:]] ]] && words+=('')
  local current="\${words[-1]}"
  COMPREPLY=()
  while IFS= read -r candidate; do
    candidate="\${candidate%%$'\\t'*}"
    if [[ "$candidate" == :files ]]; then
      compopt -o default
      return
    fi
    [[ "$candidate" == "$current"* ]] && COMPREPLY+=("$candidate")
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
  # Readline replaces only what follows the last ':' or '='.
  done_part="\${current%"\${current##*[:=]}"}"
  COMPREPLY=("\${COMPREPLY[@]#"$done_part"}")
  [[ \${#COMPREPLY[@]} -eq 1 && "\${COMPREPLY[0]}" == *= ]] && compopt -o nospace
}
complete -F _xlb xlb
`;

const ZSH = `#compdef xlb
# zsh completion for xlb
_xlb() {
  local line
  local -a values texts
  # Words stand here as they were typed, and zsh itself types \\[ for the bracket of an IPv6 address.
  for line in "\${(@f)$("\${words[1]}" __complete -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}"; do
    if [[ "$line" == :files ]]; then
      _files
      return
    fi
    [[ -z "$line" ]] && continue
    values+=("\${line%%$'\\t'*}")
    texts+=("\${line/$'\\t'/  -- }")
  done
  compadd -l -d texts -a values
}
# Found in fpath, this file is the body of the function, and the first call must answer already.
if [[ "\${funcstack[1]}" == _xlb ]]; then
  _xlb "$@"
else
  compdef _xlb xlb
fi
`;

export const SCRIPTS = { bash: BASH, zsh: ZSH } as const;
