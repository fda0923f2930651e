"""Phone numbers in any notation become E.164."""

import phonenumbers


class NotAPhoneError(ValueError):
    """A text that no telephone could dial."""


def to_e164(text: str, region: str) -> str:
    """A phone number in any notation as +14155550132. Raises NotAPhoneError."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise NotAPhoneError("This is not a phone number.") from error
    if not phonenumbers.is_possible_number(number):
        raise NotAPhoneError("This is not a phone number.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
