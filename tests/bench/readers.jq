# SPDX-License-Identifier: GPL-2.0-or-later
# What readers with a single rule make of a Redfish tree. Input: an object of
# URL -> resource (null: not JSON). $selector: the node's chassis, or "-".
# Output: one line, "null" where the reader has nothing to say.

def plain: split("#")[0] | rtrimstr("/");
def number: if type == "number" then . elif type == "string" then (tonumber? // null) else null end;
def list: if type == "array" then . else [] end;
def object: if type == "object" then . else {} end;
# what the tree answers for a link, or for its text
def follow($tree): if type == "object" then ."@odata.id" else . end
	| if type == "string" then $tree[plain] else null end | object;

. as $tree
| [ "/redfish/v1/Chassis" | follow($tree) | .Members | list[]
	| object."@odata.id" | strings | plain
	| select($selector == "-" or . == ($selector | plain) or
		(split("/") | last) == ($selector | plain | split("/") | last)) ] as $chassis
| [ $chassis[] | (follow($tree).Power // (. + "/Power")) | follow($tree) ] as $powers
| [ $powers[] | .PowerControl | list | select(length > 0) ] as $controls
| [ $powers[] | .PowerSupplies | list | select(length > 0) ] as $supplies
| [ $chassis[] | follow($tree).EnvironmentMetrics | follow($tree)
	| .PowerWatts | object.Reading | number | select(. != null) ] as $environment
| {
	"first PowerControl": ($controls[0] // [] | .[0] | object.PowerConsumedWatts | number),
	"sum of PowerControl": ([ $controls[0] // [] | .[] | object.PowerConsumedWatts | number | values ]
		| if length > 0 then add else null end),
	"sum of supplies' output": ([ $supplies[0] // [] | .[] | object
		| .LastPowerOutputWatts // .PowerOutputWatts | number | values ]
		| if length > 0 then add else null end),
	"EnvironmentMetrics": ($environment[0] // null)
}
| to_entries[] | "\(.key)\t\(.value)"
