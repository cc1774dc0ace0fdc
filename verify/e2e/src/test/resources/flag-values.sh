#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Gives every flag of every command, as the program itself lists them, values that nobody should type, and prints what
# was not as it should be: each is accepted, or refused in a sentence and with nothing on standard output; no call
# hangs, and none fails inside.
#
# usage: flag-values.sh PART PARTS; in the environment KELP, IMG, REG (a registry), NAME (a running container)
set -u
PART=$1 PARTS=$2
LONG=$(head -c 70000 /dev/zero | tr '\0' x)
VALUES=('' ' ' nonsense -1 0 99999999999999999999 $'\xff\xfe' : $'a\nb' "$LONG")

# What a command needs besides the flag: words before it, and words after it, so that it does something small and ends.
declare -A BEFORE=([run]="--rm --pull=never")
declare -A AFTER=(
    [run]="$IMG true" [start]="$NAME-no" [stop]="$NAME-no" [restart]="$NAME-no" [kill]="$NAME-no" [rm]="$NAME-no"
    [init]="$NAME-no" [exec]="$NAME true" [attach]="$NAME-no" [logs]="$NAME" [cp]="$NAME:/etc/passwd copied-$PART"
    [top]="$NAME" [stats]="--no-stream $NAME" [pause]="$NAME-no" [unpause]="$NAME-no" [rename]="$NAME-no other"
    [update]="$NAME" [port]="$NAME" [wait]="$NAME-no" [inspect]="$NAME" [diff]="$NAME" [export]="$NAME"
    [commit]="$NAME $NAME-made:$PART" [pull]="$REG/no-such:1" [push]="$REG/no-such:1" [tag]="no-such $NAME-tag"
    [search]="$REG/word" [untag]="$NAME-no" [rmi]="$NAME-no" [save]="$IMG" [load]="-i no-such" [import]="no-such"
    [history]="$IMG" [login]="-u u -p p $REG" [logout]="$REG" [events]="--since 0s --until 0s" [unshare]=true
    ["container healthcheck"]="$NAME" ["container exists"]="$NAME" ["container prune"]="-f"
    ["image inspect"]="$IMG" ["image convert"]="$IMG $NAME-converted:$PART" ["image exists"]="$IMG"
    ["image prune"]="-f" ["manifest create"]="$NAME-list no-such" ["manifest annotate"]="$NAME-list no-such"
    ["manifest inspect"]="$REG/no-such:1" ["manifest push"]="$NAME-list" ["manifest rm"]="$NAME-list"
    ["volume create"]="$NAME-v$PART" ["volume inspect"]="$NAME-no" ["volume rm"]="$NAME-no" ["volume prune"]="-f"
    ["volume exists"]="$NAME-no" ["volume export"]="$NAME-no" ["volume import"]="$NAME-no no-such"
    ["secret create"]="$NAME-s$PART /etc/hostname" ["secret inspect"]="$NAME-no" ["secret rm"]="$NAME-no"
    ["secret exists"]="$NAME-no" ["network create"]="$NAME-n$PART" ["network inspect"]="bridge"
    ["network rm"]="$NAME-no" ["network prune"]="-f" ["network exists"]="bridge" ["network connect"]="$NAME-no $NAME"
    ["network disconnect"]="$NAME-no $NAME" ["checkpoint create"]="$NAME one" ["checkpoint ls"]="$NAME"
    ["checkpoint rm"]="$NAME one" ["namespace create"]="$NAME-ns$PART" ["namespace inspect"]="default"
    ["namespace rm"]="$NAME-no" ["namespace update"]="default" ["context inspect"]=default ["context use"]=default
    ["system events"]="--since 0s --until 0s" ["system prune"]="-f" [completion]=bash)
# Left out: the first has a test of its own and looks at the machine; the other has the flags of run.
SKIP=" setup create "

offered() {
    "$KELP" __complete "$1"
}

# A command's name and, in a group, the group's before it. A group offers names with a description after a tab. What
# the groups container and image have besides is there without them too.
commands() {
    local word child group roots
    roots=" $(offered 'kelp ' | cut -f 1 | tr '\n' ' ') ls "
    while IFS=$'\t' read -r word _; do
        [ "$word" = help ] && continue
        group=$(offered "kelp $word " | grep $'\t' | cut -f 1)
        if [ -z "$group" ]; then
            echo "$word"
        else
            for child in $group; do
                [[ $word = @(container|image) && $roots = *" $child "* ]] || echo "$word $child"
            done
        fi
    done < <(offered 'kelp ')
}

# judge WHAT VALUE CODE
judge() {
    local err out=0 lines
    err=$(<"err$PART")
    mapfile -t lines <"err$PART"
    # inspect prints an empty list when it finds nothing, as Docker does
    [ -s "out$PART" ] && [ "$(head -c 3 "out$PART")" != '[]' ] && out=1
    case $3 in
        0 | 1 | 125 | 126 | 127) ;;
        *) printf '%s with %q: exit code %s: %.200s\n' "$1" "${2:0:30}" "$3" "$err" ;;
    esac
    case $err in
        *'internal error'* | *Exception* | *'	at '*) printf '%s with %q: %.300s\n' "$1" "${2:0:30}" "$err" ;;
    esac
    if [ "$3" = 1 ] || [ "$3" = 125 ]; then
        [ -n "$err" ] || [[ $1 = *exists* ]] || printf '%s with %q: fails without a word\n' "$1" "${2:0:30}"
        [ $out = 0 ] || printf '%s with %q: fails and prints %.100s\n' "$1" "${2:0:30}" "$(<"out$PART")"
        [ ${#lines[@]} -le 6 ] && [ ${#err} -le 6000 ] || printf '%s with %q: says too much: %.300s\n' "$1" "${2:0:30}" "$err"
    fi
}

count=0
try() { # COMMAND FLAG
    local value
    for value in "${VALUES[@]}"; do
        timeout -k 5 30 "$KELP" $1 ${BEFORE[$1]-} "$2=$value" ${AFTER[$1]-} >"out$PART" 2>"err$PART" </dev/null
        judge "kelp $1 $2" "$value" $?
    done
    # these take what follows for a command; the others do not end
    if [[ $1 != @(run|exec|top|unshare) && "$1 $2" != @('logs --follow'|'system start --foreground') ]]; then
        timeout -k 5 30 "$KELP" $1 ${AFTER[$1]-} "$2" >"out$PART" 2>"err$PART" </dev/null
        judge "kelp $1 $2" 'no value' $?
    fi
}

tried=0
while read -r command; do
    [[ $SKIP = *" ${command/ /.} "* ]] && continue
    while IFS=$'\t' read -r flag _; do
        [ $((count++ % PARTS)) = "$PART" ] || continue
        try "$command" "$flag"
        tried=$((tried + 1))
    done < <(offered "kelp $command --")
done < <(commands)
while IFS=$'\t' read -r flag _; do
    [ $((count++ % PARTS)) = "$PART" ] || continue
    for value in "${VALUES[@]}"; do
        timeout -k 5 30 "$KELP" "$flag=$value" ps >"out$PART" 2>"err$PART" </dev/null
        judge "kelp $flag" "$value" $?
    done
    tried=$((tried + 1))
done < <(offered 'kelp --')
echo "tried $tried flags" >&2
