/* SPDX-License-Identifier: BSD-2-Clause */
#include "opts.h"

#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *opt_machine;

static const struct opt common[] = {
	{'m', "machine", OPT_TEXT, &opt_machine},
	{0, NULL, OPT_FLAG, NULL},
};

void verb_help(const struct verb *verb)
{
	printf("disco %s %s\n\n  %s\n\n%s", verb->name, verb->arguments, verb->summary, verb->help);
}

static _Noreturn void misuse(const struct verb *verb, const char *what, const char *word)
{
	die(CODE_USAGE, "%s: %s%s%s%s\n  disco %s %s\n  more: disco %s --help", verb->name, what,
	    word ? " '" : "", word ? word : "", word ? "'" : "", verb->name, verb->arguments,
	    verb->name);
}

/* The option that a word names; `value` gets what follows '=' or the letter, or NULL. */
static const struct opt *match(const struct opt *opts, const char *word, const char **value)
{
	*value = NULL;
	for (; opts && opts->name; opts++) {
		size_t length = strlen(opts->name);

		if (word[1] == '-' && !strncmp(word + 2, opts->name, length) &&
		    (!word[2 + length] || word[2 + length] == '=')) {
			*value = word[2 + length] ? word + 3 + length : NULL;
			return opts;
		}
		if (word[1] != '-' && opts->letter && word[1] == opts->letter) {
			*value = word[2] ? word + 2 : NULL;
			return opts;
		}
	}
	return NULL;
}

static void store(const struct verb *verb, const struct opt *opt, const char *word,
		  const char *value)
{
	switch (opt->kind) {
	case OPT_FLAG:
		*(bool *)opt->to = true;
		break;
	case OPT_TEXT:
		*(const char **)opt->to = value;
		break;
	case OPT_SECONDS:
		if (!parse_seconds(value, opt->to))
			misuse(verb, "not a number of seconds after", word);
		break;
	}
}

/* Read one option; true if the word after it belongs to it. */
static bool take_option(const struct verb *verb, const struct opt *opts, const char *word,
			const char *next)
{
	const struct opt *opt;
	const char *value;
	bool inside;

	if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
		verb_help(verb);
		exit(CODE_OK);
	}
	opt = match(opts, word, &value);
	if (!opt)
		opt = match(common, word, &value);
	if (!opt)
		misuse(verb, "there is no option", word);
	inside = value != NULL;
	if (opt->kind == OPT_FLAG && inside)
		misuse(verb, "nothing may follow the option", word);
	if (opt->kind != OPT_FLAG && !inside)
		value = next;
	if (opt->kind != OPT_FLAG && !value)
		misuse(verb, "something must follow the option", word);
	store(verb, opt, word, value);
	return opt->kind != OPT_FLAG && !inside;
}

int opts_parse(const struct verb *verb, int argc, char **argv, const struct opt *opts, int min,
	       int max)
{
	int words = 0;
	bool only_words = false;

	for (int i = 0; i < argc; i++) {
		if (only_words || argv[i][0] != '-' || !argv[i][1])
			argv[words++] = argv[i];
		else if (!strcmp(argv[i], "--"))
			only_words = true;
		else if (take_option(verb, opts, argv[i], argv[i + 1]))
			i++;
	}
	if (words < min)
		misuse(verb, "a word is missing", NULL);
	if (words > max)
		misuse(verb, "one word too many:", argv[max]);
	return words;
}
