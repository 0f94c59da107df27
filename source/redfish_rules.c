/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "redfish_rules.h"

#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

/* ChassisType of the schema (DSP0268), sorted by what it is to the node. */
const struct chassis_type redfish_chassis_types[] = {
	{ "RackMount", CHASSIS_NODE },
	{ "Blade", CHASSIS_NODE },
	{ "Sled", CHASSIS_NODE },
	{ "Shelf", CHASSIS_NODE },	/* NVIDIA GB200 NVL */
	{ "StandAlone", CHASSIS_NODE },
	{ "Drawer", CHASSIS_NODE },
	{ "Other", CHASSIS_NODE },	/* Gigabyte H262-Z63 */
	{ "Enclosure", CHASSIS_OUTER },	/* the server itself: Dell 13G, iDRAC8 */
	{ "ImmersionTank", CHASSIS_OUTER },
	{ "Pod", CHASSIS_OUTER },
	{ "Rack", CHASSIS_OUTER },
	{ "RackGroup", CHASSIS_OUTER },
	{ "Row", CHASSIS_OUTER },
	{ "Sidecar", CHASSIS_OUTER },
	{ "Card", CHASSIS_CARD },	/* the server itself: Intel S2600BPB */
	{ "Cartridge", CHASSIS_PART },
	{ "Component", CHASSIS_PART },
	{ "Expansion", CHASSIS_PART },
	{ "HeatExchanger", CHASSIS_PART },
	{ "IPBasedDrive", CHASSIS_PART },
	{ "Module", CHASSIS_PART },
	{ "PowerStrip", CHASSIS_PART },
	{ "StorageEnclosure", CHASSIS_PART },
	{ "Zone", CHASSIS_PART },	/* GPU baseboard: Supermicro SYS-821GE */
	{ NULL, CHASSIS_PART }
};

const struct part_name redfish_part_names[] = {
	{ "HGX_*", "a GPU baseboard or a part of it", "NVIDIA HGX H100, GH200, GB200" },
	{ "*ERoT*", "a root of trust", "NVIDIA GH200, BlueField-3" },
	{ "*IRoT*", "a root of trust", "NVIDIA GB200 NVL" },
	{ "UBB*", "a GPU baseboard", "Supermicro SYS-821GE" },
	{ "GPU*", "a GPU", "NVIDIA HGX H100" },
	{ "NVSwitch*", "a switch", "NVIDIA HGX H100" },
	{ "*Backplane*", "a backplane", "NVIDIA GB200 NVL, Supermicro SYS-821GE" },
	{ "*Riser*", "a riser", "Intel S2600BPB" },
	{ NULL, NULL, NULL }
};

/* "CPU Sub-system Power" has "system" in it: parts are looked for first. */
const char *const redfish_control_parts[] = {
	"cpu", "processor", "memory", "dimm", "dram", "gpu", "accelerator",
	"fpga", "fan", "drive", "disk", "network", "pcie",
	"sub-system", "subsystem", NULL
};

const char *const redfish_control_totals[] = {
	"server", "system", "node", "total", NULL
};

/* PowerSupply is not among them: seen on totals (Cisco UCS C-series). */
const char *const redfish_part_contexts[] = {
	"cpu", "processor", "memory", "dimm", "gpu", "accelerator", "fpga",
	"asic", "fan", "cooling", "pump", "heatsink", "storage", "backplane",
	"network", "pcie", "voltageregulator", "transceiver", "battery", "usb",
	NULL
};

const char *const redfish_part_items[] = {
	"/Processors", "/Memory", "/PCIeDevices", "/Storage", "/Drives",
	"/NetworkAdapters", NULL
};

const struct oem_total redfish_oem_totals[] = {
	{ "/Oem/ts_fujitsu/ChassisPowerConsumption/CurrentPowerConsumptionW",
	  "Fujitsu PRIMERGY, iRMC" },
	{ "/PowerControl/0/Oem/ts_fujitsu/ChassisPowerConsumption/CurrentPowerConsumptionW",
	  "Fujitsu PRIMERGY, iRMC" },
	{ "/Oem/Public/TotalPower", "Inspur NF series" },
	{ "/Oem/Huawei/Public/TotalPower", "Huawei iBMC" },
	{ "/PowerConsumedWatts", "HPE ProLiant Gen9, iLO4" },
	{ NULL, NULL }
};

#define WRAP_32 4294967296.0

/*
 * ReadingType is not looked at: Lenovo's total is a "Current" in "Watts", and
 * limits (EnforcedEDPp) are of type "Power".
 */
const struct sensor_rule redfish_sensor_rules[] = {
	{ "ChassisVoltageRegulator0InputPower", "Node",
	  "ChassisVoltageRegulator0InputEnergy", "Node", WRAP_32,
	  "HPE Cray EX235a, EX425 (nC)" },
	{ "PWR_SYSTEM", NULL, NULL, NULL, 0, "NVIDIA DGX H100" },
	{ "total_power_in", NULL, "ps*_total_energy_in", NULL, 0,
	  "Delta AHE50V660A33KWR power shelf" },
	{ "SystemBoardPwrConsumption", NULL, NULL, NULL, 0,
	  "Dell PowerEdge R750, iDRAC9 6.00" },
	{ "205L0", "Sys Power", NULL, NULL, 0,
	  "Lenovo ThinkSystem SR670 V2, XCC 2.83" },
	{ "Chassis_*_TotalHSC_Power_*", NULL, NULL, NULL, 0,
	  "NVIDIA GB200 NVL" },
	{ "TotalPower", "Power reading for the Chassis", NULL, NULL, 0,
	  "DMTF public-rackmount1" },
	{ NULL, NULL, NULL, NULL, 0, NULL }
};

const struct unit redfish_power_units[] = {
	{ "W", 1 }, { "Watts", 1 }, { "Watt", 1 }, { NULL, 0 }
};

const struct unit redfish_energy_units[] = {
	{ "J", 1 }, { "kWh", 3.6e6 }, { "kW.h", 3.6e6 }, { NULL, 0 }
};

bool redfish_word_in(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcasestr(text, *words))
			return true;
	return false;
}

bool redfish_glob(const char *pattern, const char *text)
{
	return fnmatch(pattern, text, FNM_CASEFOLD) == 0;
}
