"""What the sandbox offers of the Bot API, as data: every method and object with its fields.

A field's type is written as in Telegram's documentation, several joined by ``|``; ``!`` marks a required one.
Whatever is not in these tables is refused by name. A test compares them with the official ones (10.1).
"""

from __future__ import annotations

from typing import Final

Fields = dict[str, str]

_REPLY_MARKUP: Final = "InlineKeyboardMarkup|ReplyKeyboardMarkup|ReplyKeyboardRemove|ForceReply"
_SEND: Final[Fields] = {
    "chat_id": "Integer|String!",
    "disable_notification": "Boolean",
    "protect_content": "Boolean",
    "reply_parameters": "ReplyParameters",
    "reply_markup": _REPLY_MARKUP,
}
_CAPTION: Final[Fields] = {
    "caption": "String",
    "parse_mode": "String",
    "caption_entities": "Array of MessageEntity",
}
_EDIT: Final[Fields] = {
    "chat_id": "Integer|String",
    "message_id": "Integer",
    "inline_message_id": "String",
    "reply_markup": "InlineKeyboardMarkup",
}

METHODS: Final[dict[str, Fields]] = {
    "getMe": {},
    "getUpdates": {
        "offset": "Integer",
        "limit": "Integer",
        "timeout": "Integer",
        "allowed_updates": "Array of String",
    },
    "setWebhook": {
        "url": "String!",
        "ip_address": "String",
        "max_connections": "Integer",
        "allowed_updates": "Array of String",
        "drop_pending_updates": "Boolean",
        "secret_token": "String",
    },
    "deleteWebhook": {"drop_pending_updates": "Boolean"},
    "getWebhookInfo": {},
    "sendMessage": {
        **_SEND,
        "text": "String!",
        "parse_mode": "String",
        "entities": "Array of MessageEntity",
        "link_preview_options": "LinkPreviewOptions",
    },
    "sendVoice": {**_SEND, **_CAPTION, "voice": "InputFile|String!", "duration": "Integer"},
    "sendAudio": {
        **_SEND,
        **_CAPTION,
        "audio": "InputFile|String!",
        "duration": "Integer",
        "performer": "String",
        "title": "String",
    },
    "sendDocument": {
        **_SEND,
        **_CAPTION,
        "document": "InputFile|String!",
        "disable_content_type_detection": "Boolean",
    },
    "sendPhoto": {
        **_SEND,
        **_CAPTION,
        "photo": "InputFile|String!",
        "show_caption_above_media": "Boolean",
        "has_spoiler": "Boolean",
    },
    "sendChatAction": {"chat_id": "Integer|String!", "action": "String!"},
    "editMessageText": {
        **_EDIT,
        "text": "String",
        "parse_mode": "String",
        "entities": "Array of MessageEntity",
        "link_preview_options": "LinkPreviewOptions",
    },
    "editMessageCaption": {**_EDIT, **_CAPTION, "show_caption_above_media": "Boolean"},
    "editMessageReplyMarkup": _EDIT,
    "editMessageMedia": {**_EDIT, "media": "InputMedia!"},
    "deleteMessage": {"chat_id": "Integer|String!", "message_id": "Integer!"},
    "answerCallbackQuery": {
        "callback_query_id": "String!",
        "text": "String",
        "show_alert": "Boolean",
        "url": "String",
        "cache_time": "Integer",
    },
    "getFile": {"file_id": "String!"},
    "setMyCommands": {
        "commands": "Array of BotCommand!",
        "scope": "BotCommandScope",
        "language_code": "String",
    },
    "getMyCommands": {"scope": "BotCommandScope", "language_code": "String"},
    "deleteMyCommands": {"scope": "BotCommandScope", "language_code": "String"},
    "getChat": {"chat_id": "Integer|String!"},
    "getChatMember": {"chat_id": "Integer|String!", "user_id": "Integer!"},
    "leaveChat": {"chat_id": "Integer|String!"},
    "setMyDescription": {"description": "String", "language_code": "String"},
    "getMyDescription": {"language_code": "String"},
    "setMyShortDescription": {"short_description": "String", "language_code": "String"},
    "getMyShortDescription": {"language_code": "String"},
}

_MEDIA: Final[Fields] = {"type": "String!", "media": "String!", **_CAPTION}

OBJECTS: Final[dict[str, Fields]] = {
    "MessageEntity": {
        "type": "String!",
        "offset": "Integer!",
        "length": "Integer!",
        "url": "String",
        "user": "User",
        "language": "String",
        "custom_emoji_id": "String",
    },
    "User": {
        "id": "Integer!",
        "is_bot": "Boolean!",
        "first_name": "String!",
        "last_name": "String",
        "username": "String",
        "language_code": "String",
    },
    "LinkPreviewOptions": {
        "is_disabled": "Boolean",
        "url": "String",
        "prefer_small_media": "Boolean",
        "prefer_large_media": "Boolean",
        "show_above_text": "Boolean",
    },
    "ReplyParameters": {
        "message_id": "Integer!",
        "chat_id": "Integer|String",
        "allow_sending_without_reply": "Boolean",
    },
    "InlineKeyboardMarkup": {"inline_keyboard": "Array of Array of InlineKeyboardButton!"},
    "InlineKeyboardButton": {
        "text": "String!",
        "style": "String",
        "url": "String",
        "callback_data": "String",
        "web_app": "WebAppInfo",
        "copy_text": "CopyTextButton",
    },
    "WebAppInfo": {"url": "String!"},
    "CopyTextButton": {"text": "String!"},
    "ReplyKeyboardMarkup": {
        "keyboard": "Array of Array of KeyboardButton!",
        "is_persistent": "Boolean",
        "resize_keyboard": "Boolean",
        "one_time_keyboard": "Boolean",
        "input_field_placeholder": "String",
        "selective": "Boolean",
    },
    "KeyboardButton": {
        "text": "String!",
        "style": "String",
        "request_contact": "Boolean",
        "request_location": "Boolean",
    },
    "ReplyKeyboardRemove": {"remove_keyboard": "Boolean!", "selective": "Boolean"},
    "ForceReply": {
        "force_reply": "Boolean!",
        "input_field_placeholder": "String",
        "selective": "Boolean",
    },
    "InputMediaPhoto": {**_MEDIA, "show_caption_above_media": "Boolean", "has_spoiler": "Boolean"},
    "InputMediaDocument": {**_MEDIA, "disable_content_type_detection": "Boolean"},
    "InputMediaAudio": {**_MEDIA, "duration": "Integer", "performer": "String", "title": "String"},
    "BotCommand": {"command": "String!", "description": "String!"},
    "BotCommandScopeDefault": {"type": "String!"},
    "BotCommandScopeAllPrivateChats": {"type": "String!"},
    "BotCommandScopeAllGroupChats": {"type": "String!"},
    "BotCommandScopeAllChatAdministrators": {"type": "String!"},
    "BotCommandScopeChat": {"type": "String!", "chat_id": "Integer|String!"},
    "BotCommandScopeChatAdministrators": {"type": "String!", "chat_id": "Integer|String!"},
    "BotCommandScopeChatMember": {
        "type": "String!",
        "chat_id": "Integer|String!",
        "user_id": "Integer!",
    },
}

BY_TYPE: Final[dict[str, dict[str, str]]] = {
    "InputMedia": {
        "photo": "InputMediaPhoto",
        "document": "InputMediaDocument",
        "audio": "InputMediaAudio",
    },
    "BotCommandScope": {
        "default": "BotCommandScopeDefault",
        "all_private_chats": "BotCommandScopeAllPrivateChats",
        "all_group_chats": "BotCommandScopeAllGroupChats",
        "all_chat_administrators": "BotCommandScopeAllChatAdministrators",
        "chat": "BotCommandScopeChat",
        "chat_administrators": "BotCommandScopeChatAdministrators",
        "chat_member": "BotCommandScopeChatMember",
    },
}
"""Families of objects told apart by their ``type`` field."""

BY_KEY: Final[dict[str, str]] = {
    "inline_keyboard": "InlineKeyboardMarkup",
    "keyboard": "ReplyKeyboardMarkup",
    "remove_keyboard": "ReplyKeyboardRemove",
    "force_reply": "ForceReply",
}
"""Reply markups, told apart by the field that each one must have."""

_OTHER_NAMES: Final = """
logOut close forwardMessage forwardMessages copyMessage copyMessages sendLivePhoto sendVideo
sendAnimation sendVideoNote sendPaidMedia sendMediaGroup sendLocation sendVenue sendContact sendPoll
sendChecklist sendDice sendMessageDraft setMessageReaction getUserProfilePhotos getUserProfileAudios
setUserEmojiStatus banChatMember unbanChatMember restrictChatMember promoteChatMember
setChatAdministratorCustomTitle setChatMemberTag banChatSenderChat unbanChatSenderChat
setChatPermissions exportChatInviteLink createChatInviteLink editChatInviteLink
createChatSubscriptionInviteLink editChatSubscriptionInviteLink revokeChatInviteLink
approveChatJoinRequest declineChatJoinRequest answerChatJoinRequestQuery sendChatJoinRequestWebApp
setChatPhoto deleteChatPhoto setChatTitle setChatDescription pinChatMessage unpinChatMessage
unpinAllChatMessages getChatAdministrators getChatMemberCount getUserPersonalChatMessages
setChatStickerSet deleteChatStickerSet getForumTopicIconStickers createForumTopic editForumTopic
closeForumTopic reopenForumTopic deleteForumTopic unpinAllForumTopicMessages editGeneralForumTopic
closeGeneralForumTopic reopenGeneralForumTopic hideGeneralForumTopic unhideGeneralForumTopic
unpinAllGeneralForumTopicMessages answerGuestQuery getUserChatBoosts getBusinessConnection
getManagedBotToken replaceManagedBotToken getManagedBotAccessSettings setManagedBotAccessSettings
setMyName getMyName setMyProfilePhoto removeMyProfilePhoto setChatMenuButton getChatMenuButton
setMyDefaultAdministratorRights getMyDefaultAdministratorRights getAvailableGifts sendGift
giftPremiumSubscription verifyUser verifyChat removeUserVerification removeChatVerification
readBusinessMessage deleteBusinessMessages setBusinessAccountName setBusinessAccountUsername
setBusinessAccountBio setBusinessAccountProfilePhoto removeBusinessAccountProfilePhoto
setBusinessAccountGiftSettings getBusinessAccountStarBalance transferBusinessAccountStars
getBusinessAccountGifts getUserGifts getChatGifts convertGiftToStars upgradeGift transferGift
postStory repostStory editStory deleteStory answerWebAppQuery savePreparedInlineMessage
savePreparedKeyboardButton editMessageLiveLocation stopMessageLiveLocation editMessageChecklist
stopPoll approveSuggestedPost declineSuggestedPost deleteMessages deleteMessageReaction
deleteAllMessageReactions sendSticker getStickerSet getCustomEmojiStickers uploadStickerFile
createNewStickerSet addStickerToSet setStickerPositionInSet deleteStickerFromSet replaceStickerInSet
setStickerEmojiList setStickerKeywords setStickerMaskPosition setStickerSetTitle
setStickerSetThumbnail setCustomEmojiStickerSetThumbnail deleteStickerSet sendRichMessage
sendRichMessageDraft answerInlineQuery sendInvoice createInvoiceLink answerShippingQuery
answerPreCheckoutQuery getMyStarBalance getStarTransactions refundStarPayment
editUserStarSubscription setPassportDataErrors sendGame setGameScore getGameHighScores
"""
OTHER_METHODS: Final = frozenset(_OTHER_NAMES.split())
"""Methods that Telegram has and the sandbox does not: answered 501, not 404."""
