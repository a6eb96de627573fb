/* SPDX-License-Identifier: BSD-2-Clause */
/* The plain values of a YAML file: numbers, sizes, choices, names. */
#include "units.h"
#include "yamldoc.h"

#include "abi/config.h"

#include <string.h>

bool field_number(const struct field *field, uint64_t min, uint64_t max, uint64_t *out)
{
	const char *text = field_text(field, "a whole number");
	uint64_t value;

	if (!text)
		return false;
	if (!parse_number(text, &value) || value < min || value > max) {
		field_fault(field, "'%.40s' is not a whole number from %llu to %llu", text,
			    (unsigned long long)min, (unsigned long long)max);
		return false;
	}
	*out = value;
	return true;
}

bool field_size(const struct field *field, uint64_t min, uint64_t max, uint64_t align,
		uint64_t *out)
{
	const char *text = field_text(field, "a size like 512M or 4G");
	char low[UNITS_ROOM], high[UNITS_ROOM];
	uint64_t value;

	if (!text)
		return false;
	if (!parse_size(text, &value)) {
		field_fault(field, "'%.40s' is not a size like 512M or 4G", text);
		return false;
	}
	if (value < min || value > max) {
		field_fault(field, "'%.40s' is not a size from %s to %s", text,
			    exact_size(low, min), exact_size(high, max));
		return false;
	}
	if (value % align) {
		field_fault(field, "'%.40s' is not a multiple of %s", text,
			    exact_size(low, align));
		return false;
	}
	*out = value;
	return true;
}

bool field_bool(const struct field *field, bool *out)
{
	static const char *const yes[] = {"true", "True", "TRUE", "yes", "on"};
	static const char *const no[] = {"false", "False", "FALSE", "no", "off"};
	const char *text = field_text(field, "true or false");

	if (!text)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (!strcmp(text, yes[i]) || !strcmp(text, no[i])) {
			*out = !strcmp(text, yes[i]);
			return true;
		}
	}
	field_fault(field, "'%.40s' is not true or false", text);
	return false;
}

bool field_choice(const struct field *field, const char *const *names, unsigned int *out)
{
	const char *text, *near;
	char list[200] = "";

	for (unsigned int i = 0; names[i]; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
			 !i ? "" : names[i + 1] ? ", " : " or ", names[i]);
	text = field_text(field, list);
	if (!text)
		return false;
	for (unsigned int i = 0; names[i]; i++) {
		if (!strcmp(text, names[i])) {
			*out = i;
			return true;
		}
	}
	near = suggest(text, names);
	field_fault(field, "'%.40s' is not %s%s%s%s", text, list, near ? "; did you mean '" : "",
		    near ? near : "", near ? "'?" : "");
	return false;
}

static bool letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool name_valid(const char *name)
{
	if (!letter_or_digit(name[0]) || strlen(name) > CFG_NAME_MAX)
		return false;
	for (; *name; name++)
		if (!letter_or_digit(*name) && *name != '-' && *name != '_')
			return false;
	return true;
}

bool field_name(const struct field *field, const char **out)
{
	const char *text = field_text(field, "a name");

	if (!text)
		return false;
	if (!name_valid(text)) {
		field_fault(field,
			    "'%.40s' is not a name: letters, digits, '-' and '_', first a letter "
			    "or digit, at most %d",
			    text, CFG_NAME_MAX);
		return false;
	}
	*out = text;
	return true;
}
